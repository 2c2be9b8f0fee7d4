"""Counts how the clocks of milestone rules turn out, for rules on service levels.

A tick counts before anything else, and keeps how far it came: it reads duties that the tick then closes, and a tick
that is repeated must not look for them again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from domain.instants import EARLIEST, EPOCH, LATEST, format_instant, parse_instant
from domain.milestone import Milestone
from domain.rule import MilestoneRule
from domain.source_silence import Silences, UnknownTimes
from rules.kinds.burn_rate import STEP, Count
from rules.kinds.milestone import once_each
from rules.kinds.milestone_outcomes import outcome_changes
from rules.reach import known_since
from rules.watching import ObjectRules, never_quiet
from storage.client import Store
from storage.milestones import (
    NO_MILESTONES,
    Recent,
    Touched,
    coarse_stretches,
    count_milestones,
    histories_as_received,
    histories_at,
    histories_known,
    stretches,
    touched_stretches,
)
from storage.series import ClockCount, SeriesState, clock_counts, write_clock_counts

_OBJECTS_AT_ONCE = 20_000
_MILESTONES_AT_ONCE = 100_000
# Twice the longest of the usual windows; six times the rule's own for calendars that are closed most of the time.
_LOOK_BACK = timedelta(days=7)
_LOOK_BACK_WINDOWS = 6


def count_clocks(
    store: Store, rule: MilestoneRule, kept: SeriesState | None, silences: Silences, through: datetime
) -> SeriesState:
    """Stores what turned out since the rule was last counted; what to keep of that.

    Of a rule that is new or was changed it counts the objects that were touched not long ago.
    """
    is_current = kept is not None and kept.rule_version == rule.version
    if kept is not None and is_current:
        if kept.through >= through:
            return kept
        after, counted_from, generation = kept.through, kept.through, parse_instant(kept.state)
    else:
        look_back = min(_LOOK_BACK + _LOOK_BACK_WINDOWS * _longest(rule), through - EARLIEST)
        after, counted_from, generation = through - look_back, None, through
    on_object = never_quiet(rule)
    unknown = silences.unknown_times(rule.awaited_types)
    touched = Touched(after, through, suspended=silences.is_told_after(after))
    found = _Tally()
    _, parts = touched_stretches(store, touched, _OBJECTS_AT_ONCE)
    for stretch in parts:
        if stretch.object_type != rule.object_type:
            continue
        for _, history in histories_as_received(store, on_object.watch, stretch, through, touched):
            if _concerns(on_object, history):
                found.add(rule, history, counted_from, through, unknown)
    write_clock_counts(store, rule.name, generation, after, through, found.counts())
    return SeriesState(rule.version, through, format_instant(generation))


def counts_since(store: Store, rule: MilestoneRule, kept: SeriesState, since: datetime) -> list[Count]:
    """What was counted of a rule's clocks that turned out after `since`."""
    return [Count(*row) for row in clock_counts(store, rule.name, parse_instant(kept.state), since)]


def counts_at(
    store: Store, rule: MilestoneRule, at: datetime, known_at: datetime | None, unknown: UnknownTimes
) -> list[Count]:
    """How the rule's clocks turned out by `at` in business time, by what was received by `known_at`."""
    on_object = never_quiet(rule)
    found = _Tally()
    for stretch in stretches(store, rule.object_type, _MILESTONES_AT_ONCE):
        for _, history in histories_at(store, on_object.watch, stretch, known_at or LATEST):
            if _concerns(on_object, history):
                found.add_as_occurred(rule, history, at, unknown)
    return [Count(*count) for count in found.counts()]


def counts_between(
    store: Store, rule: MilestoneRule, since: datetime, through: datetime, silences: Silences | None
) -> list[Count]:
    """How the rule's clocks turned out by `through`, of all of which anything was known at `since` or later.

    By receipt with what was silent then; without silences every event counts as received when it occurred.
    """
    on_object = never_quiet(rule)
    milestones = count_milestones(store, since).get(rule.object_type, NO_MILESTONES)
    reach = max(known_since(rule, since), EARLIEST)
    recent = Recent(reach, through, by_receipt=silences is not None, narrows=milestones.is_mostly_old)
    unknown = silences.unknown_times(rule.awaited_types) if silences else UnknownTimes()
    found = _Tally()
    for stretch in coarse_stretches(store, rule.object_type, _MILESTONES_AT_ONCE):
        for _, history in histories_known(store, on_object.watch, stretch, recent):
            if _concerns(on_object, history):
                found.add(rule, history, None, through, unknown)
    return [Count(*count) for count in found.counts()]


def counts_of(
    rule: MilestoneRule, histories: Iterable[Iterable[Milestone]], at: datetime, unknown: UnknownTimes
) -> list[Count]:
    """As `counts_at`, of histories at hand."""
    found = _Tally()
    for history in histories:
        found.add_as_occurred(rule, history, at, unknown)
    return [Count(*count) for count in found.counts()]


class _Tally:
    """Clocks by the five minutes in which they turned out and in which that became known."""

    def __init__(self) -> None:
        self._counts: dict[tuple[datetime, datetime], list[int]] = defaultdict(lambda: [0, 0])

    def add(
        self,
        rule: MilestoneRule,
        history: Iterable[Milestone],
        after: datetime | None,
        through: datetime,
        unknown: UnknownTimes,
    ) -> None:
        for known_at, outcome, change in outcome_changes(rule, history, after, through, unknown):
            # What adds up to nothing stays: a tick that is repeated must replace each row it wrote before.
            self._counts[_end_of(outcome.at), _end_of(known_at)][0 if outcome.is_good else 1] += change

    def add_as_occurred(
        self, rule: MilestoneRule, history: Iterable[Milestone], at: datetime, unknown: UnknownTimes
    ) -> None:
        known = [replace(m, received_at=m.occurred_at) for m in once_each(history) if m.occurred_at <= at]
        self.add(rule, known, None, at, unknown)

    def counts(self) -> list[ClockCount]:
        return [ClockCount(*instants, *counted) for instants, counted in sorted(self._counts.items())]


def _concerns(on_object: ObjectRules, history: list[Milestone]) -> bool:
    return all(watched.concerns(history) for watched in on_object.rules)


def _longest(rule: MilestoneRule) -> timedelta:
    return max([rule.within, *(override.within for override in rule.overrides)])


def _end_of(instant: datetime) -> datetime:
    return EPOCH + -((EPOCH - instant) // STEP) * STEP
