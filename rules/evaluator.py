"""Answers once what the rules say of the stored histories at an instant; writes nothing."""

from collections.abc import Iterable
from datetime import datetime

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.instants import format_instant
from domain.money import format_amount
from domain.rule import Rule
from rules.alert_state import alerts_at
from rules.alike import alike_alerts_at
from rules.watching import by_object_type
from storage.alerts import with_runs
from storage.client import Store
from storage.milestones import histories_at, stretches

# About a gigabyte is not reached by a few hundred thousand milestones, and a statement costs little beside them.
_MILESTONES_AT_ONCE = 100_000


def evaluate(store: Store, rules: Iterable[Rule], at: datetime, known_at: datetime | None = None) -> list[Alert]:
    """The alerts as they stood at `at` by business time, from what was received by `known_at` (None: all).

    At risk, firing or resolved; ordered by deadline, then alert and object.
    """
    rules = list(rules)
    alerts = [
        alert
        for object_type, on_object in by_object_type(rules).items()
        for stretch in stretches(store, object_type, _MILESTONES_AT_ONCE)
        for object_id, history in histories_at(store, on_object.watch, stretch, known_at)
        for watched in on_object.rules
        for alert in alerts_at(watched.rule, BusinessObject(object_type, object_id), history, at)
    ]
    alerts += alike_alerts_at(store, rules, at, known_at)
    alerts.sort(
        key=lambda alert: (alert.deadline_at, alert.name, alert.business_object, alert.started_at, alert.alert_id)
    )
    return with_runs(store, alerts)


def evaluation_row(alert: Alert) -> dict[str, object]:
    """An alert as `milepost evaluate --output json` shows it; what is unknown is None."""
    return {
        "alert": alert.name,
        "object_type": alert.business_object.type,
        "object_id": alert.business_object.id,
        "state": alert.state.value,
        "started_at": format_instant(alert.started_at),
        "deadline_at": format_instant(alert.deadline_at),
        "fired_at": format_instant(alert.fired_at) if alert.fired_at else None,
        "resolved_at": format_instant(alert.resolved_at) if alert.resolved_at else None,
        "severity": alert.severity,
        "amount": None if alert.amount is None else format_amount(alert.amount, alert.currency),
        "currency": alert.currency,
        "correlation_id": alert.correlation_id,
        "labels": dict(alert.labels),
        "reason": alert.reason,
    }
