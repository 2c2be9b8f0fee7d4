"""Makes alerts of what is told of a series."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState, alert_id
from domain.alert_evidence import AlertEvidence
from domain.duration import format_duration, write_duration
from domain.instants import format_instant, to_micros
from domain.series_rule import AbsenceRule
from rules.alert_evidence import calendar_evidence
from rules.alert_text import fill_in
from rules.kinds.series_told import SeriesTold


def series_alerts(told: Iterable[SeriesTold], recorded_at: datetime) -> list[Alert]:
    """The alerts in full, in the order they were told."""
    return [_alert(one, recorded_at) for one in told]


def _alert(told: SeriesTold, recorded_at: datetime) -> Alert:
    rule, subject = told.rule, told.rule.subject
    labels = {
        "alertname": rule.name,
        **rule.labels,
        **{_label(name): value for name, value in told.labels if value},
        "severity": told.severity,
        "object_type": subject.type,
        "object_id": subject.id,
    }
    values = {
        **{name: value for name, value in told.labels if value},
        **labels,
        "elapsed": format_duration(max(told.changed_at - told.started_at, timedelta(0))),
        "overdue": format_duration(max(told.changed_at - told.deadline_at, timedelta(0))),
        "within": format_duration(told.within) if told.within else None,
        "started_at": format_instant(told.started_at),
        "deadline_at": format_instant(told.deadline_at),
    }
    return Alert(
        # Names and values apart from the clock: two label sets never make one alert.
        alert_id=alert_id(
            rule.name, subject, "\x1f".join((*(part for pair in told.labels for part in pair), told.clock))
        ),
        name=rule.name,
        business_object=subject,
        state=told.state,
        started_at=told.started_at,
        deadline_at=told.deadline_at,
        fired_at=told.fired_at,
        resolved_at=told.resolved_at,
        severity=told.severity,
        amount=None,
        currency=None,
        correlation_id=None,
        reason=told.reason,
        changed_at=told.changed_at,
        recorded_at=recorded_at,
        version=to_micros(told.known_at) * VERSIONS_PER_MICROSECOND,
        rule_group=rule.group,
        rule_version=rule.version,
        labels=labels,
        annotations={name: fill_in(template, values) for name, template in rule.annotations.items()},
        evidence=_evidence(told),
    )


def _evidence(told: SeriesTold) -> AlertEvidence:
    within = write_duration(told.within) if told.within else None
    if not isinstance(told.rule, AbsenceRule):
        return AlertEvidence(within=within)
    awaits = (told.rule.event_type,) if told.state is AlertState.FIRING else ()
    return AlertEvidence(awaits=awaits, within=within, calendar=calendar_evidence(told.rule.calendar))


def _label(name: str) -> str:
    # An alert's own object_type says what it is about: here, an event type.
    return "named_object_type" if name == "object_type" else name
