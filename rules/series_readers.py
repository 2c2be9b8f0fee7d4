"""Reads what rules on traffic judge, kind by kind: on from what is kept of a rule, or as it stood at an instant."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from domain.instants import EARLIEST, LATEST
from domain.series_rule import (
    AbsenceRule,
    BurnRateRule,
    KpiThresholdRule,
    LabelSet,
    SeriesRule,
    ThresholdRule,
)
from domain.source_silence import Silences
from rules import kpi_readers
from rules.clock_counting import counts_at, counts_between, counts_since
from rules.kinds import absence, burn_rate, threshold
from rules.kinds.absence import AbsenceState, Arrival, Run, Series
from rules.kinds.grid import GridState, instants_in
from rules.kinds.series_told import SeriesTold
from storage.client import Store
from storage.series import SeriesState, TypeArrival, first_received, signal_values, type_arrivals, type_last_occurred

_MICROSECOND = timedelta(microseconds=1)
# How many instants are measured by one statement.
_INSTANTS_AT_ONCE = 1440
# How many instants look at the same counts of clocks.
_BURNS_AT_ONCE = 144
# A new rule on a signal says what is so now, and what was so a day ago.
_SIGNAL_LOOK_BACK = timedelta(days=1)

# What is kept of rules and of the milestone rules they count, by name.
Kept = Mapping[str, SeriesState]


class Read(NamedTuple):
    """What is told of a rule, and what to keep of it."""

    told: list[SeriesTold]
    state: str


class SeriesReader(NamedTuple):
    """How rules of one kind are read.

    `on` takes (store, rule, what is kept of all, through); `stand` (store, rule, at, known_at, silences); `over`, what
    was told in a stretch of time and what that follows from, (store, rule, since, through, silences): by receipt, or
    without silences as if every event had been received when it occurred.
    """

    on: Callable[[Store, Any, Kept, datetime], Read]
    stand: Callable[[Store, Any, datetime, datetime | None, Silences], list[SeriesTold]]
    over: Callable[[Store, Any, datetime, datetime, Silences | None], Iterator[SeriesTold]]


def current(rule: SeriesRule, kept: Kept) -> SeriesState | None:
    """What is kept of a rule, unless it was changed since."""
    state = kept.get(rule.name)
    return state if state and state.rule_version == rule.version else None


def _absence_on(store: Store, rule: AbsenceRule, kept: Kept, through: datetime) -> Read:
    before = current(rule, kept)
    if before:
        state = msgspec.json.decode(before.state, type=AbsenceState)
        after: datetime | None = before.through
        since = before.through
    else:
        after, since = None, through - min(rule.forget_after, through - EARLIEST)
        state = AbsenceState(series=_seen_before(store, rule, since))
    told = _read_absence(store, rule, state, after, since, through)
    return Read(told, msgspec.json.encode(state).decode())


def _read_absence(
    store: Store, rule: AbsenceRule, state: AbsenceState, after: datetime | None, since: datetime, through: datetime
) -> list[SeriesTold]:
    """What is told in (after, through] by what was received in (since, through]; brings the state up to it."""
    if rule.expect and state.began_at is None:
        state.began_at = first_received(store, through)
    arrivals = type_arrivals(
        store, rule.event_type, rule.per, since, through, slice_of=_slice_of(rule), latest=rule.forget_after
    )
    return absence.advance(rule, state, [_arrival(rule, one) for one in arrivals], after, through)


def _absence_stand(
    store: Store, rule: AbsenceRule, at: datetime, known_at: datetime | None, _: Silences
) -> list[SeriesTold]:
    return _absence_as_occurred(store, rule, at, known_at or LATEST)


def _absence_as_occurred(store: Store, rule: AbsenceRule, at: datetime, known_at: datetime) -> list[SeriesTold]:
    """What is told by `at` as if every event received by `known_at` had been when it occurred."""
    state = AbsenceState(began_at=first_received(store, known_at) if rule.expect else None)
    arrivals = type_arrivals(
        store,
        rule.event_type,
        rule.per,
        EARLIEST,
        known_at,
        slice_of=_slice_of(rule),
        latest=rule.forget_after,
        as_it_occurred=True,
    )
    return absence.advance(rule, state, [_arrival(rule, one) for one in arrivals], None, at)


def _absence_over(
    store: Store, rule: AbsenceRule, since: datetime, through: datetime, silences: Silences | None
) -> Iterator[SeriesTold]:
    if silences is None:
        yield from _absence_as_occurred(store, rule, through, LATEST)
        return
    # What is forgotten by `since` changes nothing after; as much again for what was received ahead of its time.
    first = since - min(2 * rule.forget_after + rule.stretch, since - EARLIEST)
    state = AbsenceState(series=_seen_before(store, rule, first))
    yield from _read_absence(store, rule, state, None, first, through)


def _seen_before(store: Store, rule: AbsenceRule, since: datetime) -> list[Series]:
    """The expected label sets with when they were last seen by an instant."""
    if not rule.expect:
        return []
    last = type_last_occurred(store, rule.event_type, rule.per, since)
    found = []
    for labels in rule.expect:
        last_at = last.get(tuple(value for _, value in labels))
        if last_at is not None:
            found.append(Series(labels, expected=True, runs=[Run(last_at, last_at)]))
    return found


def _slice_of(rule: AbsenceRule) -> timedelta:
    # So short that what lies within is in time on any calendar.
    return max(rule.stretch // 4, _MICROSECOND)


def _arrival(rule: AbsenceRule, one: TypeArrival) -> tuple[LabelSet, Arrival]:
    return tuple(zip(rule.per, one.labels, strict=True)), Arrival(one.known_at, Run(one.first, one.last))


def _threshold_on(store: Store, rule: ThresholdRule, kept: Kept, through: datetime) -> Read:
    before = current(rule, kept)
    state = msgspec.json.decode(before.state, type=GridState) if before else GridState()
    after = before.through if before else _signals_since(rule, through)
    told = _judge_signal(store, rule, state, after, through, through)
    return Read(told, msgspec.json.encode(state).decode())


def _threshold_stand(
    store: Store, rule: ThresholdRule, at: datetime, known_at: datetime | None, _: Silences
) -> list[SeriesTold]:
    return _judge_signal(store, rule, GridState(), _signals_since(rule, at), at, known_at or LATEST)


def _threshold_over(
    store: Store, rule: ThresholdRule, since: datetime, through: datetime, _: Silences | None
) -> Iterator[SeriesTold]:
    state, waiting = GridState(), instants_in(_signals_since(rule, since), through, threshold.STEP)
    while instants := list(islice(waiting, _INSTANTS_AT_ONCE)):
        yield from _judge_instants(store, rule, state, instants, through)


def _signals_since(rule: ThresholdRule, through: datetime) -> datetime:
    return max(through - rule.stretch - threshold.SILENT_AFTER - _SIGNAL_LOOK_BACK, EARLIEST + rule.window)


def _judge_signal(
    store: Store, rule: ThresholdRule, state: GridState, after: datetime, through: datetime, known_at: datetime
) -> list[SeriesTold]:
    told: list[SeriesTold] = []
    waiting = instants_in(after, through, threshold.STEP)
    while instants := list(islice(waiting, _INSTANTS_AT_ONCE)):
        told += _judge_instants(store, rule, state, instants, known_at)
    return told


def _judge_instants(
    store: Store, rule: ThresholdRule, state: GridState, instants: Sequence[datetime], known_at: datetime
) -> list[SeriesTold]:
    measured = _measure(store, rule, instants, known_at)
    return threshold.advance(rule, state, measured, instants[0] - threshold.STEP, instants[-1])


def _measure(
    store: Store, rule: ThresholdRule, instants: Sequence[datetime], known_at: datetime
) -> Mapping[datetime, Mapping[LabelSet, float]]:
    params: dict[str, object] = {
        "per": list(rule.per),
        "first": instants[0],
        "steps": len(instants),
        "window_us": rule.window // _MICROSECOND,
        "known_at": known_at,
    }
    if rule.pair:
        params |= {
            "object_type": rule.pair.object_type,
            "from_type": rule.pair.from_type,
            "to_type": rule.pair.to_type,
        }
    measured: dict[datetime, dict[LabelSet, float]] = defaultdict(dict)
    for at, labels, value in signal_values(store, rule.signal, params):
        measured[at][tuple(zip(rule.per, labels, strict=True))] = value
    return measured


def _burn_rate_on(store: Store, rule: BurnRateRule, kept: Kept, through: datetime) -> Read:
    before = current(rule, kept)
    state = msgspec.json.decode(before.state, type=GridState) if before else GridState()
    after = before.through if before else through - _longest_window(rule)
    told: list[SeriesTold] = []
    if next(instants_in(after, through, burn_rate.STEP), None):
        counts = counts_since(store, rule.target, kept[rule.target.name], after - _longest_window(rule))
        told = burn_rate.advance(rule, state, counts, after, through)
    return Read(told, msgspec.json.encode(state).decode())


def _burn_rate_stand(
    store: Store, rule: BurnRateRule, at: datetime, known_at: datetime | None, silences: Silences
) -> list[SeriesTold]:
    counts = counts_at(store, rule.target, at, known_at, silences.unknown_times(rule.target.awaited_types))
    return burn_rate.advance(rule, GridState(), counts, at - _longest_window(rule), at)


def _burn_rate_over(
    store: Store, rule: BurnRateRule, since: datetime, through: datetime, silences: Silences | None
) -> Iterator[SeriesTold]:
    longest = _longest_window(rule)
    first = max(since - longest, EARLIEST + longest)
    counts = counts_between(store, rule.target, first - longest, through, silences)
    counts.sort(key=attrgetter("at"))
    state, waiting = GridState(), instants_in(first, through, burn_rate.STEP)
    while instants := list(islice(waiting, _BURNS_AT_ONCE)):
        # What lies before every window of these instants is passed over once, and not at each.
        begin = bisect_right(counts, instants[0] - longest, key=attrgetter("at"))
        end = bisect_right(counts, instants[-1], key=attrgetter("at"))
        yield from burn_rate.advance(rule, state, counts[begin:end], instants[0] - burn_rate.STEP, instants[-1])


def _longest_window(rule: BurnRateRule) -> timedelta:
    return max(windows.long for windows in rule.windows)


def _kpi_on(store: Store, rule: KpiThresholdRule, kept: Kept, through: datetime) -> Read:
    return Read(*kpi_readers.read_on(store, rule, current(rule, kept), through))


def _kpi_stand(
    store: Store, rule: KpiThresholdRule, at: datetime, known_at: datetime | None, _: Silences
) -> list[SeriesTold]:
    return kpi_readers.stand(store, rule, at, known_at)


def _kpi_over(
    store: Store, rule: KpiThresholdRule, _: datetime, through: datetime, __: Silences | None
) -> Iterator[SeriesTold]:
    return kpi_readers.over(store, rule, through)


READERS: dict[type[SeriesRule], SeriesReader] = {
    AbsenceRule: SeriesReader(_absence_on, _absence_stand, _absence_over),
    ThresholdRule: SeriesReader(_threshold_on, _threshold_stand, _threshold_over),
    KpiThresholdRule: SeriesReader(_kpi_on, _kpi_stand, _kpi_over),
    BurnRateRule: SeriesReader(_burn_rate_on, _burn_rate_stand, _burn_rate_over),
}
