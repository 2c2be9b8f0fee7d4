"""Reads what rules on KPIs judge: the figures that were read at full hours, and who could tell of them then."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from domain.instants import EARLIEST
from domain.kpi_watch import READ_EVERY, KpiReading
from domain.series_rule import KpiThresholdRule
from domain.source_silence import SourceSilence
from rules.kinds import kpi_threshold
from rules.kinds.kpi_threshold import KpiState, Unheard
from rules.kinds.series_told import SeriesTold
from storage.client import Store
from storage.kpi_readings import read_readings
from storage.series import SeriesState
from storage.source_silences import heard_of_types, stored_silences


def read_on(
    store: Store, rule: KpiThresholdRule, before: SeriesState | None, through: datetime
) -> tuple[list[SeriesTold], str]:
    """What is told at the hours that were read since, up to the last of them; and what to keep."""
    state = msgspec.json.decode(before.state, type=KpiState) if before else KpiState()
    told = _judge(store, rule, state, through)
    return told, msgspec.json.encode(state).decode()


def stand(store: Store, rule: KpiThresholdRule, at: datetime, known_at: datetime | None) -> list[SeriesTold]:
    """What is told by `at` of what was known by `known_at`: a figure is known at its hour."""
    return _judge(store, rule, KpiState(), min(at, known_at or at))


def over(store: Store, rule: KpiThresholdRule, through: datetime) -> Iterator[SeriesTold]:
    """All that is told by an instant, from the first figure on."""
    yield from _judge(store, rule, KpiState(), through)


def _judge(store: Store, rule: KpiThresholdRule, state: KpiState, through: datetime) -> list[SeriesTold]:
    readings = read_readings(store, rule.watch, rule.currency, state.judged_at or EARLIEST, through)
    if not readings:
        return []
    # What is not read yet is judged when it is; an hour between two that are was missed, and stays unknown.
    after, last = state.judged_at or readings[0].at - READ_EVERY, readings[-1].at
    by_hour = {reading.at: reading for reading in readings}
    return kpi_threshold.advance(rule, state, by_hour, unheard_in(store, readings), after, last)


def unheard_in(store: Store, readings: list[KpiReading]) -> Unheard:
    """Tells of readings whether nobody could tell of an event type that they follow from.

    Nobody can while all who ever sent it are silent, or while Milepost itself was away.
    """
    first, last = readings[0].at, readings[-1].at
    silences = stored_silences(store, first - READ_EVERY, last)
    types = {type_ for reading in readings for type_ in reading.types}
    heard = heard_of_types(store, types) if silences and types else {}

    def unheard(reading: KpiReading) -> bool:
        standing = [
            one for one in silences if one.since <= reading.at and (one.until is None or one.until > reading.at)
        ]
        if not standing or not reading.types:
            return False
        is_away = any(one.source is None for one in standing)
        return is_away or any(_is_silent(type_, heard.get(type_, {}), standing, reading.at) for type_ in reading.types)

    return unheard


def _is_silent(type_: str, heard: Mapping[str, datetime], standing: list[SourceSilence], at: datetime) -> bool:
    # Who never spoke is not connected: nobody waits for its word.
    speaking = [source for source, since in heard.items() if since <= at]
    silent = {one.source for one in standing if one.event_type in (None, type_)}
    return bool(speaking) and all(source in silent for source in speaking)
