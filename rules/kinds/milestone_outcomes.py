"""How the clocks of one object turned out under a milestone rule, as it became known: what service levels count."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.milestone import Milestone
from domain.rule import MilestoneRule
from domain.source_silence import UnknownTimes
from rules.kinds.milestone import Case, CaseState, judge_clock
from rules.kinds.milestone_changes import Stage, timelines

ALWAYS_KNOWN = UnknownTimes()


class Outcome(NamedTuple):
    """A clock went well when its duty was met in time, badly when it broke."""

    at: datetime
    is_good: bool


class OutcomeChange(NamedTuple):
    """From `known_at` on there is this much more, or less, of an outcome."""

    known_at: datetime
    outcome: Outcome
    change: int


def outcome_changes(
    rule: MilestoneRule,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
    unknown: UnknownTimes = ALWAYS_KNOWN,
) -> list[OutcomeChange]:
    """What became known in (after, through] of how the object's clocks turned out.

    A clock that breaks while nobody could tell of its `to` has not turned out until somebody can, as its alert waits.
    """
    net: Counter[tuple[datetime, Outcome]] = Counter()
    for timeline in timelines(rule, history, through):
        before: Outcome | None = None
        for known_at, outcome in _told(list(_outcomes(rule, timeline, through)), unknown, through):
            if outcome != before and (after is None or known_at > after):
                if before:
                    net[known_at, before] -= 1
                if outcome:
                    net[known_at, outcome] += 1
            before = outcome
    return [OutcomeChange(*key, change) for key, change in sorted(net.items()) if change]


def _outcomes(
    rule: MilestoneRule, timeline: list[Stage], through: datetime
) -> Iterator[tuple[datetime, Outcome | None]]:
    for position, stage in enumerate(timeline):
        until = timeline[position + 1].known_at if position + 1 < len(timeline) else None
        if stage.schedule is None:
            yield stage.known_at, None
            continue
        # That all went well, or that nothing was owed, needs no waiting for what an import brings next: an object
        # that is quiet is not looked at again.
        at_once = _outcome(judge_clock(rule, stage.schedule, stage.known_at))
        if at_once is None or at_once.is_good:
            yield stage.known_at, at_once
        for instant in (stage.begins_at, *stage.instants):
            if instant > through or (until is not None and instant >= until):
                break
            yield instant, _outcome(judge_clock(rule, stage.schedule, instant))


def _told(
    outcomes: Sequence[tuple[datetime, Outcome | None]], unknown: UnknownTimes, through: datetime
) -> Iterator[tuple[datetime, Outcome | None]]:
    is_broken = False
    for position, (at, outcome) in enumerate(outcomes):
        breaks = outcome is not None and not outcome.is_good
        if not breaks or is_broken or unknown.at(at) is None:
            is_broken = breaks
            yield at, outcome
            continue
        yield at, None
        until = outcomes[position + 1][0] if position + 1 < len(outcomes) else None
        known_at = unknown.known_again(at)
        if known_at is not None and known_at <= through and (until is None or known_at < until):
            is_broken = True
            yield known_at, outcome


def _outcome(case: Case) -> Outcome | None:
    if case.fired_at is not None:
        return Outcome(case.fired_at, is_good=False)
    if case.state is CaseState.IN_TIME and case.ended_by is not None:
        return Outcome(case.ended_by.occurred_at, is_good=True)
    return None
