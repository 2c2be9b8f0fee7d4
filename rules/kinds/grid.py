"""Judges a series at fixed instants by what had been received by each, so that it is no matter when anybody asks.

What was judged at an instant stays judged: what arrives later counts at the instants that follow.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from domain.alert import AlertState
from domain.instants import EPOCH, format_instant
from domain.series_rule import LabelSet, SeriesRule
from rules.kinds.series_told import SeriesTold


class GridSeries(msgspec.Struct):
    """One series: since when it is beyond its bound, since when it fires, and when anything was known of it."""

    labels: LabelSet
    pending_since: datetime | None = None
    fired_at: datetime | None = None
    heard_at: datetime | None = None

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing has to be remembered of it."""
        return self.pending_since is None


class GridState(msgspec.Struct):
    """What is kept of a rule between ticks: the series that are beyond their bound."""

    series: list[GridSeries] = msgspec.field(default_factory=list)


class Verdict(msgspec.Struct):
    """Whether a series is beyond its bound at an instant, None where that is unknown, and a sentence on it.

    The sentence is made when it is told, which is at few of the instants.
    """

    is_beyond: bool | None
    what: Callable[[], str]
    severity: str


def instants_in(after: datetime, through: datetime, step: timedelta) -> Iterator[datetime]:
    """The instants of the grid in (after, through]; it is aligned to 1970-01-01T00:00:00Z."""
    instant = EPOCH + ((after - EPOCH) // step + 1) * step
    while instant <= through:
        yield instant
        instant += step


def judge(
    rule: SeriesRule,
    series: GridSeries,
    verdict: Verdict,
    instant: datetime,
    stretch: timedelta = timedelta(0),
    silent_after: timedelta | None = None,
) -> SeriesTold | None:
    """What is told of a series at an instant, if anything; brings it up to that instant.

    It fires once it was beyond its bound for `stretch`, and resolves when it is not. While that is unknown it does
    neither, but after `silent_after` without anything known nothing is said of it any more.
    """
    if verdict.is_beyond is None:
        heard_at = series.heard_at
        if silent_after is None or heard_at is None or instant - heard_at < silent_after:
            return None
        return _rest(rule, series, verdict, instant, "nothing is known of it any more")
    series.heard_at = instant
    if not verdict.is_beyond:
        return _rest(rule, series, verdict, instant, "")
    series.pending_since = series.pending_since or instant
    if series.fired_at is not None or instant - series.pending_since < stretch:
        return None
    series.fired_at = instant
    return _told(rule, series, verdict, instant, AlertState.FIRING, f"{verdict.what()}.")


def _rest(rule: SeriesRule, series: GridSeries, verdict: Verdict, instant: datetime, without: str) -> SeriesTold | None:
    told = None
    if series.fired_at is not None:
        reason = f"Resolved at {format_instant(instant)}: {without or verdict.what()}."
        told = _told(rule, series, verdict, instant, AlertState.RESOLVED, reason)
    series.pending_since = series.fired_at = None
    return told


def _told(
    rule: SeriesRule, series: GridSeries, verdict: Verdict, instant: datetime, state: AlertState, reason: str
) -> SeriesTold:
    assert series.pending_since is not None
    assert series.fired_at is not None
    return SeriesTold(
        rule=rule,
        labels=series.labels,
        clock=format_instant(series.pending_since),
        known_at=instant,
        state=state,
        severity=verdict.severity,
        started_at=series.pending_since,
        deadline_at=series.fired_at,
        fired_at=series.fired_at,
        resolved_at=instant if state is AlertState.RESOLVED else None,
        changed_at=instant,
        reason=reason,
    )
