"""Every stored change of alerts, as it became known: the history behind the states."""

from dataclasses import dataclass
from datetime import datetime

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.instants import EARLIEST, LATEST
from storage.alerts import alert_from_row, with_runs
from storage.client import Store


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which changes: of one rule's alerts (empty: any), of one object's, known from `since` up to, not at, `until`."""

    alert: str = ""
    business_object: BusinessObject | None = None
    since: datetime = EARLIEST
    until: datetime = LATEST


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert as it stood after a change, and the instant at which that became known."""

    known_at: datetime
    alert: Alert


def alert_changes(store: Store, alerts: AlertFilter, limit: int) -> list[AlertChange]:
    """The changes that became known last, the newest first."""
    object_ = alerts.business_object
    params = {
        "alert": alerts.alert,
        "object_type": object_.type if object_ else "",
        "object_id": object_.id if object_ else "",
        "since": alerts.since,
        "until": alerts.until,
        "limit": limit,
    }
    rows = store.rows("list_alert_changes", params)
    known = [row.pop("known_at") for row in rows]
    changed = with_runs(store, [alert_from_row(row) for row in rows])
    return [AlertChange(*change) for change in zip(known, changed, strict=True)]
