"""Which alerts a rule raises for one object: as things stood at an instant, and every change as it became known.

`transitions` reads only the history with its instants of receipt, so that evaluating often, seldom or after
an outage gives the same changes with the same instants.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState, alert_id
from domain.business_object import BusinessObject
from domain.instants import to_micros
from domain.milestone import Milestone
from domain.rule import MilestoneRule, ObjectRule, SequenceRule
from domain.source_silence import UnknownTimes
from rules.alert_text import annotations, labels
from rules.kinds import breach, milestone_changes, milestone_text, sequence
from rules.kinds.breach import StandingReader
from rules.kinds.knowledge import known_from
from rules.kinds.milestone import IN_ORDER
from rules.suspension import suspended, suspended_annotations, suspended_now, suspended_reason
from rules.told import Reading, Told

_ALWAYS_KNOWN = UnknownTimes()
# Enough to find the trace that explains an alert; an object with thousands of events must not fill the store.
_MOST_TRACES = 10


@dataclass(frozen=True, slots=True)
class _Kind:
    """How rules of one kind are read: (rule, history, instant)."""

    read: Callable[[Any, Iterable[Milestone], datetime], Reading]
    stand: Callable[[Any, Iterable[Milestone], datetime], list[Told[Any]]]
    reason: Callable[[Told[Any]], str]


def _breaches(reader: StandingReader) -> _Kind:
    read = functools.partial(breach.read_breaches, reader)
    stand = functools.partial(breach.standing_breaches, reader)
    return _Kind(read, stand, breach.reason)


_KINDS: dict[type[ObjectRule], _Kind] = {
    MilestoneRule: _Kind(milestone_changes.read, milestone_changes.stand, milestone_text.reason),
    SequenceRule: _breaches(sequence.standings),
}


def alerts_at(
    rule: ObjectRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    at: datetime,
    unknown: UnknownTimes = _ALWAYS_KNOWN,
    known_at: datetime | None = None,
) -> list[Alert]:
    """The alerts of one object as they stood at `at`, by all that the history holds.

    `unknown` says when the rule's verdict was unknown; what still is at `known_at` (None: at `at`) is suspended.
    """
    history = [milestone for milestone in history if milestone.occurred_at <= at]
    latest_first = sorted(history, key=IN_ORDER, reverse=True)
    standing = _KINDS[type(rule)].stand(rule, history, at)
    if unknown:
        standing = [suspended_now(told, unknown, known_at or at) for told in standing]
    return [_alert(told, business_object, latest_first, at, at) for told in standing]


def transitions(
    rule: ObjectRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
    unknown: UnknownTimes = _ALWAYS_KNOWN,
) -> list[Alert]:
    """Every change of the object's alerts that became known after `after` and by `through`, in that order.

    `after` None is from the beginning. What the history holds beyond `through` is not looked at, and `unknown` says
    when the rule's verdict was unknown, as far as that is known at `through`. An alert's `version` grows with the
    instant at which its change became known.
    """
    return advance(rule, business_object, history, after, through, unknown)[0]


def next_due(
    rule: ObjectRule, history: Iterable[Milestone], through: datetime, unknown: UnknownTimes = _ALWAYS_KNOWN
) -> datetime | None:
    """The next instant after `through` at which time alone may change an alert of the object; None if never."""
    return _read(rule, history, through, unknown).due_at


def advance(
    rule: ObjectRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
    unknown: UnknownTimes = _ALWAYS_KNOWN,
) -> tuple[list[Alert], datetime | None]:
    """`transitions` and `next_due` at once, for about the price of one."""
    history = list(history)
    reading = _read(rule, history, through, unknown)
    changes = [change for change in reading.changes if after is None or change[0] > after]
    changes.sort(key=lambda change: change[0])
    history.sort(key=IN_ORDER, reverse=True)
    alerts = [_alert(told, business_object, _known(history, at), at, through) for at, told in changes]
    return alerts, reading.due_at


def _read(rule: ObjectRule, history: Iterable[Milestone], through: datetime, unknown: UnknownTimes) -> Reading:
    return suspended(_KINDS[type(rule)].read(rule, history, through), unknown, through)


def _known(history: Iterable[Milestone], by: datetime) -> Iterator[Milestone]:
    return (m for m in history if known_from(m) <= by)


def _alert(
    told: Told[Any],
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
        reason=_reason(told),
        changed_at=told.changed_at,
        recorded_at=recorded_at,
        version=to_micros(known_at) * VERSIONS_PER_MICROSECOND,
        rule_group=case.rule.group,
        rule_version=case.rule.version,
        labels=labels(told, business_object),
        annotations={**annotations(told, business_object, correlation_id), **suspended_annotations(told)},
        trace_ids=tuple(trace_ids)[:_MOST_TRACES],
    )


def _reason(told: Told[Any]) -> str:
    reason = _KINDS[type(told.case.rule)].reason
    if told.state is AlertState.SUSPENDED:
        return suspended_reason(told, reason(replace(told, state=AlertState.FIRING)))
    return reason(told)
