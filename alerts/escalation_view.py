"""Who is on call now and next by the policies, and how far the escalation of an alert is, as JSON shows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.escalation import Policy, due_at, upcoming
from alerts.muting import Routing, current_mutes
from alerts.notification import alert_labels, alert_of_entry
from alerts.placing import Homes, Placing
from alerts.rotations import Shift
from alerts.routing import Route
from domain.alert import Alert, AlertState
from domain.alert_action import NOT_HANDLED
from domain.duration import write_duration
from domain.errors import UsageError
from domain.instants import format_instant
from storage.alert_actions import handling_of
from storage.client import Store
from storage.escalations import Escalation, read_escalations
from storage.incidents import incidents_in_sight
from storage.notifications import read_log

Row = dict[str, Any]
# Escalations by the receiver of the route and the group's key.
Known = dict[tuple[str, str], Escalation]


def policy_rows(routing: Routing, name: str | None, at: datetime) -> list[Row]:
    """Every policy, or the one that is named, with who is on call; UsageError where there is none of that name."""
    if name is not None and name not in routing.policies:
        defined = ", ".join(sorted(routing.policies)) or "none"
        raise UsageError(f'escalation policy "{name}" is not in the routing file; defined there: {defined}')
    return [_policy(one, at) for one in routing.policies.values() if name in (None, one.name)]


def alert_row(store: Store, routing: Routing, alert: Alert, at: datetime) -> Row:
    """What holds an alert's escalation up, and for each of its groups how far that is and what follows."""
    handling = handling_of(store, [alert.alert_id]).get(alert.alert_id, NOT_HANDLED)
    muted = current_mutes(store, routing, at).of_alert(alert) if alert.state is AlertState.FIRING else []
    known: Known = {(one.receiver, one.group_key): one for one in read_escalations(store)}
    groups = []
    for (_, group_key), (route, _) in _homes(store, routing, alert, known).items():
        policy = routing.policies.get(route.escalation)
        groups.append(_group(route.receiver, group_key, policy, known.get((route.receiver, group_key)), at))
    until = handling.snoozed_until(at)
    return {
        "alert_id": alert.alert_id,
        "state": alert.state.value,
        "is_muted": bool(muted),
        "acknowledged_at": format_instant(handling.acknowledged.acted_at) if handling.acknowledged else None,
        "snoozed_until": format_instant(until) if until else None,
        "groups": groups,
    }


def _homes(store: Store, routing: Routing, alert: Alert, known: Known) -> Homes:
    """The groups that tell of an alert, with their routes: as the dispatcher places it."""
    entries = (one for one in read_log(store) if alert.alert_id in map(alert_of_entry, one.firing))
    told = {(one.receiver, one.group_key) for one in entries}

    def is_told(route: Route, group_key: str) -> bool:
        escalation = known.get((route.receiver, group_key))
        receivers = (route.receiver, *(escalation.told if escalation else ()))
        return any((receiver, group_key) in told for receiver in receivers)

    return Placing(routing.route).homes(alert_labels(alert), _incident_of(store, alert), is_told)


def _incident_of(store: Store, alert: Alert) -> str:
    """The id of the incident that an alert is in, or was in when it ended; empty where there is none."""
    incidents, memberships = incidents_in_sight(store, alert.recorded_at)
    over = {one.incident_id for one in incidents if one.ended_at is not None}
    last = next((one.incident_id for one in reversed(memberships) if one.alert_id == alert.alert_id), "")
    return "" if last in over and alert.state.is_open else last


def _group(receiver: str, group_key: str, policy: Policy | None, escalation: Escalation | None, at: datetime) -> Row:
    known = escalation if escalation and policy and escalation.policy == policy.name else None
    next_at = due_at(known, policy) if known and policy else None
    return {
        "receiver": receiver,
        "group_key": group_key,
        "policy": policy.name if policy else None,
        "started_at": format_instant(known.started_at) if known and known.started_at else None,
        "steps_reached": known.steps if known else 0,
        "step_at": format_instant(known.step_at) if known and known.steps else None,
        "told": sorted(escalation.told) if escalation else [],
        "next_at": format_instant(next_at) if next_at else None,
        "upcoming": _upcoming(known, policy, at) if known and policy else [],
    }


def _upcoming(escalation: Escalation, policy: Policy, at: datetime) -> list[Row]:
    """The steps that follow if nobody acknowledges."""
    rows = []
    for number, due in upcoming(escalation, policy):
        round_, step = policy.place(number)
        receivers = list(policy.receivers(number, max(due, at)))
        rows.append({"round": round_, "step": step, "at": format_instant(due), "receivers": receivers})
    return rows


def _policy(policy: Policy, at: datetime) -> Row:
    config = policy.config
    steps = []
    for number, step in enumerate(config.steps, start=1):
        rotations = [_rotation(policy, name, at) for name in step.rotations]
        told = {"receivers": list(step.receivers), "rotations": rotations, "tells": list(policy.receivers(number, at))}
        steps.append({"step": number, "after": write_duration(step.after), **told})
    return {
        "policy": policy.name,
        "at": format_instant(at),
        "repeat": config.repeat,
        "repeat_after": _duration(config.repeat_after),
        "acknowledgement_timeout": _duration(config.acknowledgement_timeout),
        "steps": steps,
    }


def _rotation(policy: Policy, name: str, at: datetime) -> Row:
    shifts = policy.rotations[name].shifts(at)
    now, later = shifts[0], shifts[1:]
    return {
        "rotation": name,
        "on_call": _shift(now, policy.members) if now.member else None,
        "next": _shift(later[0], policy.members) if later else None,
    }


def _shift(shift: Shift, members: Mapping[str, Sequence[str]]) -> Row:
    return {
        "member": shift.member,
        "receivers": list(members[shift.member or ""]),
        "since": format_instant(shift.since),
        "until": format_instant(shift.until) if shift.until else None,
        "is_override": shift.is_override,
    }


def _duration(value: timedelta | None) -> str | None:
    return write_duration(value) if value is not None else None
