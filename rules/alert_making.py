"""Makes the alert in full of what is told: with its words, and with what else was known of its object."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, alert_id
from domain.business_object import BusinessObject
from domain.instants import to_micros
from domain.milestone import Milestone
from rules.alert_evidence import evidence_of
from rules.alert_text import annotations, labels
from rules.kinds.milestone import IN_ORDER
from rules.suspension import suspended_annotations
from rules.told import Told

# Enough to find the trace that explains an alert; an object with thousands of events must not fill the store.
_MOST_TRACES = 10


class Background:
    """What the events of an object carry besides: correlation ids and traces, the latest event first.

    Events that carry neither are left out once, and not passed over again for each alert.
    """

    def __init__(self, history: Iterable[Milestone], known: Callable[[Milestone], datetime]) -> None:
        """`known` says from when on an event counts."""
        latest_first = sorted(history, key=IN_ORDER, reverse=True)
        self._correlated = [(known(m), m.correlation_id) for m in latest_first if m.correlation_id]
        self._traced = [(known(m), m.trace_id) for m in latest_first if m.trace_id]

    def correlation_id(self, by: datetime) -> str | None:
        """The one that the latest event known by an instant carries; None where none does."""
        return next((id_ for known_at, id_ in self._correlated if known_at <= by), None)

    def trace_ids(self, by: datetime) -> Iterator[str]:
        """Those that the events known by an instant carry, some maybe more than once."""
        return (id_ for known_at, id_ in self._traced if known_at <= by)


def make_alert(
    told: Told[Any],
    reason: str,
    business_object: BusinessObject,
    background: Background,
    known_at: datetime,
    recorded_at: datetime,
) -> Alert:
    """The alert in full, with what was known of its object at `known_at`.

    Its `version` grows with that instant.
    """
    case = told.case
    own = [case.start, *([case.ended_by] if case.ended_by else [])]
    correlation_id = next((m.correlation_id for m in own if m.correlation_id), None)
    correlation_id = correlation_id or background.correlation_id(known_at)
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
        reason=reason,
        changed_at=told.changed_at,
        recorded_at=recorded_at,
        version=to_micros(known_at) * VERSIONS_PER_MICROSECOND,
        rule_group=case.rule.group,
        rule_version=case.rule.version,
        labels=labels(told, business_object),
        annotations={**annotations(told, business_object, correlation_id), **suspended_annotations(told)},
        trace_ids=_trace_ids(own, background, known_at),
        evidence=evidence_of(told),
    )


def _trace_ids(own: Iterable[Milestone], background: Background, known_at: datetime) -> tuple[str, ...]:
    found = dict.fromkeys(m.trace_id for m in own if m.trace_id)
    for trace_id in background.trace_ids(known_at):
        if len(found) >= _MOST_TRACES:
            break
        found[trace_id] = None
    return tuple(islice(found, _MOST_TRACES))
