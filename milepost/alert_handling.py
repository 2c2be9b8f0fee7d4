"""What people do with alerts as commands and the API ask for it, and as they show it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from alerts.handling import Deed, handle
from alerts.muting import Routing
from alerts.notification import alert_labels
from domain.alert import Alert
from domain.alert_action import ActionKind, AlertAction, Handling
from domain.audit import Actor
from domain.clock import Clock
from domain.errors import UsageError
from domain.instants import format_instant
from storage.alerts import find_alerts
from storage.client import Store

Row = dict[str, Any]


class ActionWish(msgspec.Struct, forbid_unknown_fields=True):
    """What to do with an alert: `value` is whom to assign it to, the mark, or how long to snooze it."""

    kind: ActionKind
    value: str = ""
    comment: str = ""
    by: str = ""
    action_id: str = ""


class AcknowledgeWish(msgspec.Struct, forbid_unknown_fields=True):
    """Who acknowledges an incident, and why."""

    by: str = ""
    comment: str = ""


def the_alert(store: Store, beginning: str) -> Alert:
    """The alert whose id begins so; UsageError where there is none, or more than one."""
    found = find_alerts(store, beginning) if beginning else []
    if len(found) != 1:
        how_many = "more than one alert's id begins" if found else "no alert's id begins"
        raise UsageError(f"{how_many} with {beginning!r}; `milepost alerts list --output json` shows their ids")
    return found[0]


def do_wished(store: Store, clock: Clock, beginning: str, wish: ActionWish, by: Actor, routing: Routing) -> Row:
    """What is stored of a wish about the alert whose id begins so; UsageError where it cannot be done."""
    deed = Deed(wish.kind, wish.value, wish.comment, wish.action_id)
    alert = the_alert(store, beginning)
    if wish.kind is ActionKind.ESCALATE and not any(one.escalation for one in routing.route.match(alert_labels(alert))):
        raise UsageError(
            f"the alert {alert.alert_id} has no escalation policy; name one in its route in the routing file"
        )
    return action_row(handle(store, alert, deed, by, clock.now()))


def action_row(action: AlertAction) -> Row:
    """An action as JSON shows it."""
    return {
        "action_id": action.action_id,
        "alert_id": action.alert_id,
        "alert": action.alert,
        "object_type": action.business_object.type,
        "object_id": action.business_object.id,
        "kind": action.kind.value,
        "value": action.value or None,
        "by": action.acted_by,
        "at": format_instant(action.acted_at),
        "comment": action.comment or None,
    }


def handling_row(handling: Handling, now: datetime) -> Row:
    """What stands now, as JSON shows it beside an alert; null where nothing does."""
    named = {"acknowledged": handling.acknowledged, "assigned": handling.assigned, "marked": handling.marked}
    row: Row = {name: None if action is None else _standing(action) for name, action in named.items()}
    until = handling.snoozed_until(now)
    snoozed = handling.snoozed if until else None
    return {**row, "snoozed": snoozed and until and {**_standing(snoozed), "until": format_instant(until)}}


def people_cell(row: Mapping[str, Any]) -> str:
    """The same in a table's cell: who has it, to whom it is assigned, what it was worth."""
    acknowledged, assigned, marked = (row[name] for name in ("acknowledged", "assigned", "marked"))
    parts = [
        *([f"ack {acknowledged['by']}"] if acknowledged else []),
        *([f"snoozed by {row['snoozed']['by']} until {row['snoozed']['until']}"] if row["snoozed"] else []),
        *([f"to {assigned['value']}"] if assigned else []),
        *([marked["value"]] if marked else []),
    ]
    return ", ".join(parts)


def _standing(action: AlertAction) -> Row:
    shown = action_row(action)
    return {name: shown[name] for name in ("value", "by", "at", "comment")}
