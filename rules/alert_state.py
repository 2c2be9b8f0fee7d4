"""Which alerts a rule raises for one object: as things stood at an instant, and every change as it became known.

`transitions` reads only the history with its instants of receipt, so that evaluating often, seldom or after
an outage gives the same changes with the same instants.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.alert import Alert, alert_id
from domain.business_object import BusinessObject
from domain.instants import LATEST, to_micros
from domain.milestone import Milestone
from domain.rule import MilestoneRule
from rules.alert_text import annotations, labels, reason
from rules.kinds.milestone import IN_ORDER, Case, Schedule, judge, judge_clock, make_schedule
from rules.kinds.milestone_knowledge import Knowledge, clock_timelines, known_from
from rules.told import Told, retell, tell

# A clock that is known only after one of its instants has passed waits this long before it is told: the
# events of one import arrive over several seconds, and alerts that live for one batch help nobody.
LATE_START_GRACE = timedelta(seconds=5)
# Enough to find the trace that explains an alert; an object with thousands of events must not fill the store.
_MOST_TRACES = 10
# Leaves room between two microseconds for a writer that has more than one thing to say of an alert at once.
_VERSIONS_PER_MICROSECOND = 1000


def alerts_at(
    rule: MilestoneRule, business_object: BusinessObject, history: Iterable[Milestone], at: datetime
) -> list[Alert]:
    """The alerts of one object as they stood at `at`, by all that the history holds."""
    history = list(history)
    alerts = (alert_of(case, business_object, history, at) for case in judge(rule, history, at))
    return [alert for alert in alerts if alert]


def alert_of(case: Case, business_object: BusinessObject, history: Iterable[Milestone], at: datetime) -> Alert | None:
    """The alert that a verdict at `at` stands for; None where there is nothing to alert of."""
    told = tell(case)
    if told is None:
        return None
    latest_first = sorted((m for m in history if m.occurred_at <= at), key=IN_ORDER, reverse=True)
    return _alert(told, business_object, latest_first, at, at)


def transitions(
    rule: MilestoneRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
) -> list[Alert]:
    """Every change of the object's alerts that became known after `after` and by `through`, in that order.

    `after` None is from the beginning. What the history holds beyond `through` is not looked at. An alert's
    `version` grows with the instant at which its change became known.
    """
    return advance(rule, business_object, history, after, through)[0]


def next_due(rule: MilestoneRule, history: Iterable[Milestone], through: datetime) -> datetime | None:
    """The next instant after `through` at which time alone may change an alert of the object; None if never."""
    history = list(history)
    return _next_due(rule, history, _timelines(rule, history, through), through)


def advance(
    rule: MilestoneRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
) -> tuple[list[Alert], datetime | None]:
    """`transitions` and `next_due` at once, for about the price of one."""
    history = list(history)
    timelines = _timelines(rule, history, through)
    changes = [
        (known_at, told)
        for timeline in timelines
        for known_at, told in _changes(rule, timeline, through)
        if after is None or known_at > after
    ]
    changes.sort(key=lambda change: change[0])
    history.sort(key=IN_ORDER, reverse=True)
    alerts = [_alert(told, business_object, _known(history, at), at, through) for at, told in changes]
    return alerts, _next_due(rule, history, timelines, through)


class _Stage(NamedTuple):
    """From `begins_at` until the next stage's `known_at` a clock is judged so, and again at each of `instants`."""

    known_at: datetime
    begins_at: datetime
    schedule: Schedule | None
    instants: Sequence[datetime]


def _timelines(rule: MilestoneRule, history: Iterable[Milestone], through: datetime) -> list[list[_Stage]]:
    return [
        [_stage(rule, knowledge) for knowledge in timeline] for _, timeline in clock_timelines(rule, history, through)
    ]


def _stage(rule: MilestoneRule, knowledge: Knowledge) -> _Stage:
    begins_at = knowledge.known_at
    if knowledge.evidence is None:
        return _Stage(knowledge.known_at, begins_at, None, ())
    schedule = make_schedule(rule, knowledge.evidence)
    tellable = [instant for instant in (schedule.at_risk_at, schedule.deadline_at) if instant]
    if tellable and min(tellable) < knowledge.start_known_at:
        begins_at = max(begins_at, knowledge.start_known_at + LATE_START_GRACE)
    ended = knowledge.evidence.ended_by is not None
    instants = () if ended else tuple(instant for instant in schedule.changes if instant > begins_at)
    return _Stage(knowledge.known_at, begins_at, schedule, instants)


def _changes(rule: MilestoneRule, timeline: Sequence[_Stage], through: datetime) -> Iterator[tuple[datetime, Told]]:
    """Every change of what is told of one clock, with the instant from which it is told."""
    told: Told | None = None
    for position, stage in enumerate(timeline):
        until = timeline[position + 1].known_at if position + 1 < len(timeline) else None
        for instant in (stage.begins_at, *stage.instants):
            if instant > through or (until is not None and instant >= until):
                break
            case = judge_clock(rule, stage.schedule, instant) if stage.schedule else None
            new = retell(told, case, instant)
            if new is not None and new is not told:
                yield instant, new
            told = new


def _known(history: Iterable[Milestone], by: datetime) -> Iterator[Milestone]:
    return (m for m in history if known_from(m) <= by)


def _next_due(
    rule: MilestoneRule, history: Iterable[Milestone], timelines: Iterable[Sequence[_Stage]], through: datetime
) -> datetime | None:
    types = rule.event_types
    # An event from a source whose clock runs ahead counts once its time has come.
    due = [m.occurred_at for m in history if m.type in types and m.received_at <= through < m.occurred_at]
    for timeline in timelines:
        last = timeline[-1]
        due.extend(instant for instant in (last.begins_at, *last.instants) if instant > through)
    return min((instant for instant in due if instant <= LATEST), default=None)


def _alert(
    told: Told,
    business_object: BusinessObject,
    latest_first: Iterable[Milestone],
    known_at: datetime,
    recorded_at: datetime,
) -> Alert:
    """The alert in full, with what else was known of its object."""
    case = told.case
    correlation_id = None
    trace_ids: dict[str, None] = {}
    for milestone in (case.start, *([case.ended_by] if case.ended_by else []), *latest_first):
        correlation_id = correlation_id or milestone.correlation_id
        if milestone.trace_id:
            trace_ids[milestone.trace_id] = None
        if correlation_id and len(trace_ids) == _MOST_TRACES:
            break
    facts = case.start.facts
    return Alert(
        alert_id=alert_id(case.rule.name, business_object, case.clock),
        name=case.rule.name,
        business_object=business_object,
        state=told.state,
        started_at=case.started_at,
        deadline_at=told.deadline_at,
        fired_at=told.fired_at,
        resolved_at=told.resolved_at,
        severity=told.severity,
        amount=facts.amount,
        currency=facts.currency,
        correlation_id=correlation_id,
        reason=reason(told),
        changed_at=told.changed_at,
        recorded_at=recorded_at,
        version=to_micros(known_at) * _VERSIONS_PER_MICROSECOND,
        rule_group=case.rule.group,
        rule_version=case.rule.version,
        labels=labels(told, business_object),
        annotations=annotations(told, business_object, correlation_id),
        trace_ids=tuple(trace_ids)[:_MOST_TRACES],
    )
