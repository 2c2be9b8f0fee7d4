"""The causes of alerts in the store: found among spans and dead letters by ClickHouse, read with the alerts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.alert import Alert, AlertState
from domain.alert_cause import AlertCause, CauseKind, FailedCall, Hop, LostMessage
from storage.client import Row, Store

# What an integration platform reports of an object, as the shipped source `middleware` names it.
PARKED, UNPARKED = "middleware.dead_lettered", "middleware.recovered"

# The search for causes, as the store names it where it keeps how far that came.
CAUSES = "causes"

# An alert's id and the type and id of its object, by which its row is found.
AlertKey = tuple[str, str, str]


def alerts_to_explain(store: Store, after: datetime, since: datetime, through: datetime) -> Sequence[AlertKey]:
    """The open alerts stored in (after, through], and those of which telemetry received in (since, through] tells."""
    params = {
        "after": after,
        "since": since,
        "through": through,
        "open_states": [state for state in AlertState if state.is_open],
        "parked_types": [PARKED, UNPARKED],
    }
    rows = store.tuples("alerts_to_explain", params)[1]
    return [(alert_id, object_type, object_id) for alert_id, object_type, object_id in rows]


def explain_alerts(store: Store, alerts: Sequence[AlertKey], through: datetime) -> None:
    """Stores the causes of these alerts, by what was received by `through`."""
    params = {
        "objects": list({(object_type, object_id) for _, object_type, object_id in alerts}),
        "alert_ids": [alert_id for alert_id, _, _ in alerts],
        "through": through,
        "recorded_at": through,
        "parked_type": PARKED,
        "unparked_type": UNPARKED,
    }
    store.run("explain_alerts", params)


def alert_causes(store: Store, alert_ids: Iterable[str]) -> dict[str, AlertCause]:
    """The causes of these alerts, by id; one of which nothing is known is left out."""
    ids = list(alert_ids)
    rows = store.rows("alert_causes", {"alert_ids": ids}) if ids else []
    return {row["alert_id"]: _cause(row) for row in rows}


def with_causes(store: Store, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts with what telemetry says of them; looked up when they are read, since it may change under them."""
    causes = alert_causes(store, (alert.alert_id for alert in alerts))
    return [replace(alert, cause=causes[alert.alert_id]) if alert.alert_id in causes else alert for alert in alerts]


def _cause(row: Row) -> AlertCause:
    letter = row["dead_letter"]
    return AlertCause(
        kind=CauseKind(row["kind"]),
        service=row["service"],
        operation=row["operation"],
        error=row["error"],
        signature=row["signature"],
        seen_at=row["seen_at"],
        recorded_at=row["recorded_at"],
        spans=row["spans"],
        last_hop=Hop(**row["last_hop"]) if row["spans"] else None,
        failures=row["failures"],
        failed_calls=tuple(FailedCall(**call) for call in row["failed_calls"]),
        dead_letter=LostMessage(**letter) if letter["id"] else None,
    )
