"""Judges the arrivals of one event type under an absence rule: each label set by itself, as it became known.

Occurrences that follow each other in time make a run, and only what lies between runs can break the rule: so what is
kept of a label set is small however much came, and an event that arrives late changes something only between two runs.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

import msgspec

from domain.alert import AlertState
from domain.calendar import add_time
from domain.duration import format_duration
from domain.instants import EARLIEST, LATEST, format_instant
from domain.series_rule import AbsenceRule, LabelSet, write_labels
from rules.kinds.series_told import SeriesTold
from rules.told import LATE_GRACE

_MICROSECOND = timedelta(microseconds=1)


class Run(msgspec.Struct):
    """Occurrences from `first` to `last`, each in time after the one before."""

    first: datetime
    last: datetime


class Arrival(msgspec.Struct):
    """A run that is known from `known_at` on."""

    known_at: datetime
    run: Run


class Gap(msgspec.Struct):
    """What was told of the time after the occurrence at `start`: nothing before `tell_at`, where `state` is None."""

    start: datetime
    tell_at: datetime
    state: AlertState | None = None
    resolved_at: datetime | None = None


class Series(msgspec.Struct):
    """One label set: its runs in order, what was told, and arrivals whose time has not come yet.

    `awaited_since` is when an expected one began to be missed, where nothing that came says so.
    """

    labels: LabelSet
    expected: bool = False
    awaited_since: datetime | None = None
    runs: list[Run] = msgspec.field(default_factory=list)
    gaps: dict[datetime, Gap] = msgspec.field(default_factory=dict)
    ahead: list[Arrival] = msgspec.field(default_factory=list)


class AbsenceState(msgspec.Struct):
    """What is kept of a rule between ticks; `began_at` is when the store heard of anything at all."""

    began_at: datetime | None = None
    series: list[Series] = msgspec.field(default_factory=list)


def advance(
    rule: AbsenceRule,
    state: AbsenceState,
    arrivals: Iterable[tuple[LabelSet, Arrival]],
    after: datetime | None,
    through: datetime,
) -> list[SeriesTold]:
    """What is told in (after, through] by what arrived in it; brings `state` up to `through`.

    `after` None is from the beginning.
    """
    by_labels = {series.labels: series for series in state.series}
    for labels in rule.expect:
        series = by_labels.setdefault(labels, Series(labels, expected=True))
        if not series.runs and series.awaited_since is None:
            series.awaited_since = state.began_at
    for labels, arrival in arrivals:
        by_labels.setdefault(labels, Series(labels)).ahead.append(arrival)
    told: list[SeriesTold] = []
    for series in by_labels.values():
        told += _Reader(rule, series).advance(after or EARLIEST, through)
    state.series = [series for series in by_labels.values() if series.expected or _is_alive(rule, series, through)]
    return told


def _is_alive(rule: AbsenceRule, series: Series, through: datetime) -> bool:
    return bool(series.ahead) or any(run.last + rule.forget_after > through for run in series.runs)


class _Reader:
    """Reads one label set on, instant by instant."""

    def __init__(self, rule: AbsenceRule, series: Series) -> None:
        self._rule = rule
        self._series = series
        self._told: list[SeriesTold] = []

    def advance(self, after: datetime, through: datetime) -> list[SeriesTold]:
        """What is told in (after, through]."""
        waiting = sorted(self._series.ahead, key=attrgetter("known_at"))
        due = [arrival for arrival in waiting if arrival.known_at <= through]
        self._series.ahead = waiting[len(due) :]
        for known_at, arrived in groupby(due, key=attrgetter("known_at")):
            # What occurs at its deadline is in time: an instant's arrivals come before what falls due at it.
            after = self._pass_time(after, known_at - _MICROSECOND)
            if self._take(known_at, [arrival.run for arrival in arrived]):
                self._judge(known_at)
        self._pass_time(after, through)
        return self._told

    def _pass_time(self, now: datetime, until: datetime) -> datetime:
        while (instant := self._next_due(now)) is not None and instant <= until:
            self._judge(instant)
            now = instant
        return max(now, until)

    def _next_due(self, now: datetime) -> datetime | None:
        due = [gap.tell_at for gap in self._series.gaps.values() if gap.state is None]
        if (start := self._last_start()) is not None:
            gap = self._series.gaps.get(start)
            if gap is None:
                due.append(self._deadline(start))
            elif gap.state is AlertState.FIRING and not self._series.expected:
                due.append(start + self._rule.forget_after)
        return min((instant for instant in due if now < instant < LATEST), default=None)

    def _take(self, known_at: datetime, arrived: Sequence[Run]) -> bool:
        """Takes runs in; whether that may change what is told."""
        self._forget(known_at - self._rule.forget_after)
        changes = False
        for run in sorted(arrived, key=attrgetter("first")):
            if self._series.awaited_since and run.first <= self._series.awaited_since:
                # It had come before anybody waited for it.
                self._series.awaited_since = None
                changes = True
            changes = self._insert(run) or changes
        return changes

    def _forget(self, before: datetime) -> None:
        """Lets go of runs too old to matter, but for the last of one that is expected."""
        runs = self._series.runs
        kept = [run for run in runs if run.last >= before]
        self._series.runs = kept or (runs[-1:] if self._series.expected else [])
        awaited_since = self._series.awaited_since
        if runs and awaited_since and awaited_since < before:
            self._series.awaited_since = None
        last = self._last_start()
        self._series.gaps = {start: gap for start, gap in self._series.gaps.items() if start >= before or start == last}

    def _insert(self, run: Run) -> bool:
        runs = self._series.runs
        place = bisect_right(runs, run.first, key=attrgetter("first"))
        if place and run.last <= runs[place - 1].last:
            return False
        if place == len(runs) and runs and self._joins(runs[-1], run) and runs[-1].last not in self._series.gaps:
            runs[-1].last = run.last
            return False
        runs.insert(place, run)
        merged: list[Run] = []
        for one in runs:
            if merged and self._joins(merged[-1], one):
                merged[-1] = Run(merged[-1].first, max(merged[-1].last, one.last))
            else:
                merged.append(one)
        self._series.runs = merged
        return True

    def _joins(self, earlier: Run, later: Run) -> bool:
        # On the wall clock is the shortest that any calendar counts, and costs nothing.
        return later.first - earlier.last <= self._rule.stretch or later.first <= self._deadline(earlier.last)

    def _deadline(self, start: datetime) -> datetime:
        add = self._rule.calendar.add if self._rule.calendar else add_time
        return add(start, self._rule.stretch) or LATEST

    def _last_start(self) -> datetime | None:
        return self._series.runs[-1].last if self._series.runs else self._series.awaited_since

    def _starts(self) -> list[tuple[datetime, datetime | None]]:
        """Each instant after which the type may have been missing, and when it came again."""
        runs = self._series.runs
        starts = [run.last for run in runs]
        firsts: list[datetime | None] = [*(run.first for run in runs), None]
        if self._series.awaited_since:
            return list(zip([self._series.awaited_since, *starts], firsts, strict=True))
        return list(zip(starts, firsts[1:], strict=True))

    def _judge(self, now: datetime) -> None:
        gaps = self._series.gaps
        standing = set()
        for start, came_at in self._starts():
            ended_at, is_forgotten = self._ended(start, came_at, now)
            deadline = self._deadline(start)
            if deadline > now or (ended_at is not None and ended_at <= deadline):
                continue
            standing.add(start)
            if start not in gaps:
                # Found only after it happened, it may be mended by what the same import brings next.
                gaps[start] = Gap(start, now if deadline == now else now + LATE_GRACE)
            self._tell(gaps[start], deadline, ended_at, now, is_forgotten=is_forgotten)
        for start in [start for start in gaps if start not in standing]:
            self._disprove(gaps[start], now)

    def _ended(self, start: datetime, came_at: datetime | None, now: datetime) -> tuple[datetime | None, bool]:
        forgotten_at = None if self._series.expected else start + self._rule.forget_after
        if forgotten_at and forgotten_at <= now and (came_at is None or came_at > forgotten_at):
            return forgotten_at, True
        return came_at, False

    def _tell(
        self, gap: Gap, deadline: datetime, ended_at: datetime | None, now: datetime, *, is_forgotten: bool
    ) -> None:
        state = AlertState.FIRING if ended_at is None else AlertState.RESOLVED
        if now < gap.tell_at or (gap.state, gap.resolved_at) == (state, ended_at):
            return
        gap.state, gap.resolved_at = state, ended_at
        what = self._what(gap.start)
        if ended_at is None:
            reason = f"{what}, and {format_duration(self._rule.stretch)}{self._counted} have passed since."
        elif is_forgotten:
            waited = format_duration(self._rule.forget_after)
            reason = f"{what}; after {waited} without any it is no longer expected."
        else:
            reason = f"{what}, and the next one occurred at {format_instant(ended_at)}."
        self._say(gap, state, deadline, ended_at or deadline, now, reason)

    def _disprove(self, gap: Gap, now: datetime) -> None:
        if gap.state is None:
            del self._series.gaps[gap.start]
        elif gap.state is not AlertState.RETRACTED:
            gap.state, gap.resolved_at = AlertState.RETRACTED, None
            reason = (
                f"Retracted: later events show that {self._rule.event_type} was not missing; that became known "
                f"at {format_instant(now)}."
            )
            self._say(gap, AlertState.RETRACTED, self._deadline(gap.start), now, now, reason)

    def _say(
        self, gap: Gap, state: AlertState, deadline: datetime, changed_at: datetime, now: datetime, reason: str
    ) -> None:
        self._told.append(
            SeriesTold(
                rule=self._rule,
                labels=self._series.labels,
                clock=format_instant(gap.start),
                known_at=now,
                state=state,
                severity=self._rule.level,
                started_at=gap.start,
                deadline_at=deadline,
                fired_at=deadline,
                resolved_at=gap.resolved_at,
                changed_at=changed_at,
                reason=reason,
                within=self._rule.stretch,
            )
        )

    def _what(self, start: datetime) -> str:
        labels = write_labels(self._series.labels)
        named = f"{self._rule.event_type} ({labels})" if labels else self._rule.event_type
        if start == self._series.awaited_since:
            return f"{named} was never received since the first event of all came at {format_instant(start)}"
        return f"The last {named} occurred at {format_instant(start)}"

    @property
    def _counted(self) -> str:
        return f" of {self._rule.calendar.name}" if self._rule.calendar else ""
