"""Answers once what the rules say of the stored histories at an instant; writes nothing."""

from collections.abc import Iterable
from datetime import datetime

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.instants import EPOCH, format_instant
from domain.money import format_amount
from domain.rule import Rule
from rules.alert_state import alerts_at
from rules.alike import alike_alerts_at
from rules.engine import ENGINE, NO_CONTRACTS
from rules.forecast_learning import informed_at
from rules.series import series_alerts_at
from rules.versions import unknown_of
from rules.watching import by_object_type
from storage.alerts import with_runs
from storage.client import Store
from storage.engine_state import read_watermark
from storage.milestones import histories_at, stretches
from storage.source_silences import read_silences

# About a gigabyte is not reached by a few hundred thousand milestones, and a statement costs little beside them.
_MILESTONES_AT_ONCE = 100_000


def evaluate(
    store: Store,
    rules: Iterable[Rule],
    at: datetime,
    known_at: datetime | None = None,
    contracts: Contracts = NO_CONTRACTS,
) -> list[Alert]:
    """The alerts as they stood at `at` by business time, from what was received by `known_at` (None: all).

    At risk, firing, resolved, or suspended where the source that would tell was still silent at `known_at` (None: at
    the instant the engine has come to); ordered by deadline, then alert and object.
    """
    rules = informed_at(store, rules, at, known_at)
    watermark = read_watermark(store, ENGINE)
    heard_by = known_at or (watermark.evaluated_through if watermark else at)
    silences = read_silences(store, contracts, EPOCH, heard_by)
    alerts: list[Alert] = []
    for object_type, on_object in by_object_type(rules).items():
        judged = [(one.rule, unknown_of(silences, one.rule)) for one in on_object.rules]
        for stretch in stretches(store, object_type, _MILESTONES_AT_ONCE):
            for object_id, history in histories_at(store, on_object.watch, stretch, known_at):
                object_ = BusinessObject(object_type, object_id)
                for rule, unknown in judged:
                    alerts += alerts_at(rule, object_, history, at, unknown, heard_by)
    alerts += alike_alerts_at(store, rules, at, known_at)
    alerts += series_alerts_at(store, rules, at, known_at, silences)
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
