"""Finds an incident by its id, and acknowledges all that fires in it at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from alerts.handling import ACTING, Deed, action_on, check_deed
from alerts.muting import Routing
from alerts.notification import alert_labels
from domain.alert import Alert
from domain.alert_action import NOT_HANDLED, ActionKind, Handling
from domain.audit import Act, ActKind, Actor
from domain.errors import UsageError
from domain.incident import Incident
from domain.instants import format_instant
from storage.alert_actions import actions_on, handling_of, write_actions
from storage.audit import write_audit
from storage.client import Store
from storage.incidents import MOST, alerts_of_incident, list_incidents


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How many alerts of an incident are acknowledged now that were not before."""

    incident_id: str
    alerts: int


def find_incident(store: Store, beginning: str) -> Incident:
    """The incident whose id begins so; UsageError where there is none, or more than one."""
    found = list_incidents(store, limit=2, beginning=beginning) if beginning else []
    if len(found) != 1:
        how_many = "more than one incident's id begins" if found else "no incident's id begins"
        raise UsageError(f"{how_many} with {beginning!r}; `milepost incidents list` shows their ids")
    return found[0]


def acknowledge_incident(
    store: Store, routing: Routing, beginning: str, comment: str, by: Actor, now: datetime
) -> Acknowledged:
    """Acknowledges the open alerts of an incident, in one entry of the audit log.

    Sent again it changes nothing, but for alerts whose acknowledgement is so old that it holds escalation no longer.
    """
    deed = Deed(ActionKind.ACKNOWLEDGE, comment=comment)
    check_deed(deed, by)
    with ACTING:
        incident = find_incident(store, beginning)
        if incident.ended_at is not None:
            over = f"over since {format_instant(incident.ended_at)}"
            raise UsageError(f"the incident {incident.incident_id} is {over}; one that is over is not acknowledged")
        alerts = [one for one in alerts_of_incident(store, incident.incident_id, MOST) if one.state.is_open]
        handling = handling_of(store, (one.alert_id for one in alerts))
        waiting = [one for one in alerts if _is_waiting(one, handling.get(one.alert_id, NOT_HANDLED), routing, now)]
        if waiting:
            details = {"hop": incident.hop, "alerts": len(waiting)}
            write_audit(store, Act(ActKind.INCIDENT_ACKNOWLEDGE, by, incident.incident_id, comment, details), now)
            before = actions_on(store, (one.alert_id for one in waiting))
            actions = [
                action_on(one, deed, secrets.token_hex(16), by, before.get(one.alert_id, ()), now) for one in waiting
            ]
            write_actions(store, actions)
    return Acknowledged(incident.incident_id, len(waiting))


def _is_waiting(alert: Alert, handling: Handling, routing: Routing, now: datetime) -> bool:
    if handling.acknowledged is None:
        return True
    return not handling.is_held(now, routing.acknowledgement_timeout(alert_labels(alert)))
