"""What a milestone rule tells of one object, as it became known."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.alert import AlertState
from domain.instants import LATEST
from domain.milestone import Milestone
from domain.rule import MilestoneRule
from rules.kinds.milestone import Case, CaseState, Schedule, judge, judge_clock, make_schedule
from rules.kinds.milestone_knowledge import Knowledge, clock_timelines
from rules.told import LATE_GRACE, Change, Reading, Told, retell

_STATES = {
    CaseState.AT_RISK: AlertState.AT_RISK,
    CaseState.FIRING: AlertState.FIRING,
    CaseState.RESOLVED: AlertState.RESOLVED,
}


def read(rule: MilestoneRule, history: Iterable[Milestone], through: datetime) -> Reading:
    """All that the rule tells of an object by `through`, and when time alone next changes that."""
    history = list(history)
    clocks = timelines(rule, history, through)
    changes = [change for timeline in clocks for change in _changes(rule, timeline, through)]
    return Reading(changes, _next_due(rule, history, clocks, through))


def stand(rule: MilestoneRule, history: Iterable[Milestone], at: datetime) -> list[Told[Case]]:
    """What stands at `at` by all that the history holds."""
    return [told for case in judge(rule, history, at) if (told := tell(case))]


def tell(case: Case) -> Told[Case] | None:
    """What a verdict says to somebody who had heard nothing; None where there is nothing to alert of."""
    state = _STATES.get(case.state)
    if state is None:
        return None
    # The deadline may lie before the instant a severity step was reached, or after the one of being at risk.
    since = case.resolved_at or max(
        instant for instant in (case.fired_at or case.at_risk_at, case.severity_since) if instant
    )
    return Told(
        state=state,
        case=case,
        severity=case.severity,
        deadline_at=case.deadline_at or case.earliest_deadline_at,
        fired_at=case.fired_at,
        resolved_at=case.resolved_at,
        changed_at=since,
    )


class Stage(NamedTuple):
    """From `begins_at` until the next stage's `known_at` a clock is judged so, and again at each of `instants`."""

    known_at: datetime
    begins_at: datetime
    schedule: Schedule | None
    instants: Sequence[datetime]


def timelines(rule: MilestoneRule, history: Iterable[Milestone], through: datetime) -> list[list[Stage]]:
    """How each clock of an object was judged, stage by stage, by what was known by `through`."""
    return [
        [_stage(rule, knowledge) for knowledge in timeline] for _, timeline in clock_timelines(rule, history, through)
    ]


def _stage(rule: MilestoneRule, knowledge: Knowledge) -> Stage:
    begins_at = knowledge.known_at
    if knowledge.evidence is None:
        return Stage(knowledge.known_at, begins_at, None, ())
    schedule = make_schedule(rule, knowledge.evidence)
    tellable = [instant for instant in (schedule.at_risk_at, schedule.deadline_at) if instant]
    if tellable and min(tellable) < knowledge.start_known_at:
        begins_at = max(begins_at, knowledge.start_known_at + LATE_GRACE)
    ended = knowledge.evidence.ended_by is not None
    instants = () if ended else tuple(instant for instant in schedule.changes if instant > begins_at)
    return Stage(knowledge.known_at, begins_at, schedule, instants)


def _changes(rule: MilestoneRule, timeline: Sequence[Stage], through: datetime) -> Iterator[Change]:
    """Every change of what is told of one clock, with the instant from which it is told."""
    told: Told[Case] | None = None
    for position, stage in enumerate(timeline):
        until = timeline[position + 1].known_at if position + 1 < len(timeline) else None
        for instant in (stage.begins_at, *stage.instants):
            if instant > through or (until is not None and instant >= until):
                break
            case = judge_clock(rule, stage.schedule, instant) if stage.schedule else None
            new = retell(told, _tell_after(told, case), case, instant)
            if new is not None and new is not told:
                yield instant, new
            told = new


def _tell_after(told: Told[Case] | None, case: Case | None) -> Told[Case] | None:
    """What a verdict says to somebody who has heard `told`."""
    if case is None:
        return None
    new = tell(case)
    if new is not None or told is None or told.state is AlertState.RETRACTED or told.fired_at is not None:
        return new
    if case.ended_by is None or case.state not in (CaseState.IN_TIME, CaseState.CANCELLED):
        return None
    # It was at risk, as told, and then went well.
    return Told(
        state=AlertState.RESOLVED,
        case=case,
        severity=case.severity,
        deadline_at=case.deadline_at or case.earliest_deadline_at,
        fired_at=None,
        resolved_at=case.ended_by.occurred_at,
        changed_at=case.ended_by.occurred_at,
    )


def _next_due(
    rule: MilestoneRule, history: Iterable[Milestone], timelines: Iterable[Sequence[Stage]], through: datetime
) -> datetime | None:
    types = rule.event_types
    # An event from a source whose clock runs ahead counts once its time has come.
    due = [m.occurred_at for m in history if m.type in types and m.received_at <= through < m.occurred_at]
    for timeline in timelines:
        last = timeline[-1]
        due.extend(instant for instant in (last.begins_at, *last.instants) if instant > through)
    return min((instant for instant in due if instant <= LATEST), default=None)
