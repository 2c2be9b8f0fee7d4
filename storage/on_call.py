"""What the console reads for on-call: alerts that stand, one with all about it, silences, the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.alert_action import Handling
from domain.audit import AuditEntry
from domain.silence import Silence, SilenceState
from storage.alert_actions import handling_of
from storage.alert_history import AlertChange, AlertFilter, alert_changes
from storage.alerts import find_alerts
from storage.client import Store
from storage.notifications import NotificationStatus
from storage.overview import OPEN_STATES, AlertPage, open_alert
from storage.trace_view import AlertRecord, alerts_of

_MOST_CHANGES = 200
_MOST_MESSAGES = 50
# An alert may be told of before its deadline by as much as clocks differ.
_BEFORE = timedelta(days=1)


class Ownership(StrEnum):
    """Whose alerts are asked for: all, those that nobody has, or those that somebody took or was given."""

    ALL = ""
    NOBODY = "nobody"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class AlertWish:
    """Which of the alerts that stand are asked for; empty is all."""

    states: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    ownership: Ownership = Ownership.ALL


@dataclass(frozen=True, slots=True)
class HandledPage:
    """A page of alerts, and who has which of them."""

    page: AlertPage
    handling: dict[str, Handling] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that told of an alert, and what became of it."""

    receiver: str
    integration: str
    reason: str
    status: NotificationStatus
    attempts: int
    error: str
    is_resolved: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AlertFile:
    """All about one alert: as it stands, who has it, how it came to that, and who was told."""

    record: AlertRecord
    labels: dict[str, str]
    handling: Handling
    changes: tuple[AlertChange, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries of the audit log, the newest first, and how many there are in all."""

    entries: tuple[AuditEntry, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SilencePage:
    """Some silences, and how many there are in all."""

    silences: tuple[Silence, ...]
    total: int


def standing_alerts(store: Store, wish: AlertWish, limit: int, offset: int = 0) -> HandledPage:
    """One page of the alerts that stand, the worst first."""
    params = {
        "states": list(wish.states or OPEN_STATES),
        "entities": list(wish.entities),
        "regions": list(wish.regions),
        "rules": list(wish.rules),
        "ownership": wish.ownership.value,
        "held": held_alerts(store) if wish.ownership is not Ownership.ALL else [],
        "limit": limit,
        "offset": offset,
    }
    rows = store.rows("console_on_call_alerts", params)
    alerts = tuple(map(open_alert, rows))
    handling = handling_of(store, (alert.alert_id for alert in alerts))
    return HandledPage(AlertPage(alerts, rows[0]["total"] if rows else 0), handling)


def find_alert_file(store: Store, alert_id: str) -> AlertFile | None:
    """All about the alert of an id, or enough of its beginning to name it; None where no alert or several are meant."""
    found = find_alerts(store, alert_id) if alert_id else []
    if len(found) != 1:
        return None
    alert = found[0]
    record = next(one for one in alerts_of(store, [alert.business_object]) if one.alert_id == alert.alert_id)
    asked = AlertFilter(alert=alert.name, business_object=alert.business_object)
    changes = alert_changes(store, asked, _MOST_CHANGES)
    return AlertFile(
        record=record,
        labels=dict(alert.labels),
        handling=handling_of(store, [alert.alert_id]).get(alert.alert_id, Handling()),
        changes=tuple(change for change in changes if change.alert.alert_id == alert.alert_id),
        messages=tuple(_messages(store, alert.alert_id, alert.started_at - _BEFORE)),
    )


def newest_entries(store: Store, kind: str, limit: int, offset: int = 0) -> AuditPage:
    """One page of the audit log, of acts whose kind begins so."""
    rows = store.rows("console_audit_page", {"kind": kind, "limit": limit, "offset": offset})
    total = rows[0]["total"] if rows else 0
    entries = (AuditEntry(**{name: value for name, value in row.items() if name != "total"}) for row in rows)
    return AuditPage(tuple(entries), total)


def silences_at(store: Store, states: Sequence[SilenceState], at: datetime, limit: int, offset: int = 0) -> SilencePage:
    """One page of the silences that are in one of these states at an instant."""
    params = {"at": at, "states": list(states), "limit": limit, "offset": offset}
    rows = store.rows("console_silences", params)
    total = rows[0]["total"] if rows else 0
    shown = ({name: value for name, value in row.items() if name != "total"} for row in rows)
    return SilencePage(tuple(Silence(**{**row, "matchers": tuple(row["matchers"])}) for row in shown), total)


def held_alerts(store: Store) -> list[str]:
    """The open alerts that somebody has."""
    acted_on = [row["alert_id"] for row in store.rows("console_acted_on_alerts", {"open_states": list(OPEN_STATES)})]
    standing = handling_of(store, acted_on)
    return sorted(alert_id for alert_id, one in standing.items() if one.acknowledged or one.assigned)


def _messages(store: Store, alert_id: str, since: datetime) -> list[Message]:
    params = {"alert_id": alert_id, "since": since, "limit": _MOST_MESSAGES}
    return [
        Message(
            receiver=row["receiver"],
            integration=row["integration"],
            reason=row["reason"],
            status=NotificationStatus(row["status"]),
            attempts=row["attempts"],
            error=row["error"],
            is_resolved=bool(row["is_resolved"]),
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )
        for row in store.rows("console_notifications_of_alert", params)
    ]
