"""What people do with an alert: checked, written to the audit log, then stored. Nothing of it changes a verdict."""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.alert import Alert, AlertState
from domain.alert_action import NOT_HANDLED, ActionKind, AlertAction, Mark
from domain.alert_evidence import facts_digest
from domain.audit import Act, ActKind, Actor
from domain.duration import parse_duration
from domain.errors import UsageError
from storage.alert_actions import actions_on, find_action, handling_of, write_action, write_actions
from storage.audit import write_audit
from storage.client import Store

LONGEST_NAME, LONGEST_COMMENT = 200, 10_000
# Longer than that is no snooze: a silence says so to everybody.
LONGEST_SNOOZE = timedelta(days=30)
_WITH_COMMENT = {
    ActionKind.COMMENT: "something",
    ActionKind.SNOOZE: "why it can wait",
    ActionKind.ESCALATE: "why others are needed",
    ActionKind.REQUEST_REPLAY: "why it is to be sent again",
    ActionKind.ACCEPT: "why it may stay so",
}
_WITH_VALUE = (ActionKind.ASSIGN, ActionKind.MARK, ActionKind.SNOOZE, ActionKind.ACCEPT)
_MICROSECOND = timedelta(microseconds=1)
# A request and its repeat must not both find that the other is not there. On a server, where they may come to two
# processes, both are stored, and the first counts.
ACTING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody wants to do with an alert.

    `value` is whom to assign it to, the mark, or how long to snooze it; an `action_id` lets a request that is sent
    again count once. `channel` is where it was done, if not here.
    """

    kind: ActionKind
    value: str = ""
    comment: str = ""
    action_id: str = ""
    channel: str = ""


def handle(store: Store, alert: Alert, deed: Deed, by: Actor, now: datetime) -> AlertAction:
    """What is stored of a deed on an alert as it stands; UsageError where it cannot be done."""
    check_deed(deed, by)
    with ACTING:
        if deed.action_id and (taken := find_action(store, deed.action_id)):
            return _same(taken, alert, deed)
        before = actions_on(store, [alert.alert_id]).get(alert.alert_id, [])
        _check_state(store, alert, deed.kind, now)
        deed = _as_it_stands(alert, deed)
        action = action_on(alert, deed, deed.action_id or secrets.token_hex(16), by, before, now)
        write_audit(store, _act(action, by, deed.channel), now)
        write_action(store, action)
        return action


def handle_all(store: Store, alerts: Sequence[Alert], deed: Deed, by: Actor, now: datetime) -> list[AlertAction]:
    """What is stored of one deed on many alerts: one entry of the audit log, and an action on each that allows it.

    Left out are alerts that are over where it acknowledges, that nobody acknowledged where it takes that back, and
    those on which a deed with its `action_id` was done before.
    """
    check_deed(deed, by)
    common = deed.action_id or secrets.token_hex(16)
    with ACTING:
        ids = [alert.alert_id for alert in alerts]
        before, handling = actions_on(store, ids), handling_of(store, ids)
        actions = []
        for alert in alerts:
            done = before.get(alert.alert_id, [])
            action_id = f"{common}:{alert.alert_id}"
            is_acknowledged = handling.get(alert.alert_id, NOT_HANDLED).acknowledged is not None
            if _allows(alert, deed.kind, is_acknowledged=is_acknowledged) and all(
                one.action_id != action_id for one in done
            ):
                actions.append(action_on(alert, deed, action_id, by, done, now))
        if actions:
            write_audit(store, _act_on_all(actions, by, deed.channel), now)
            write_actions(store, actions)
        return actions


def action_on(
    alert: Alert, deed: Deed, action_id: str, by: Actor, before: Sequence[AlertAction], now: datetime
) -> AlertAction:
    """What is to be stored of a deed on an alert after what was done with it before."""
    return AlertAction(
        action_id=action_id,
        alert_id=alert.alert_id,
        alert=alert.name,
        business_object=alert.business_object,
        alert_version=alert.version,
        has_fired=alert.fired_at is not None,
        kind=deed.kind,
        value=deed.value,
        acted_by=str(by),
        # After the last one, though the clock be set back since.
        acted_at=max(now, before[-1].acted_at + _MICROSECOND) if before else now,
        comment=deed.comment,
    )


def _allows(alert: Alert, kind: ActionKind, *, is_acknowledged: bool) -> bool:
    """Whether something can be done with an alert as it stands."""
    if kind is ActionKind.ACKNOWLEDGE:
        return alert.state.is_open
    return is_acknowledged or kind is not ActionKind.UNACKNOWLEDGE


def check_deed(deed: Deed, by: Actor) -> None:
    """UsageError where nobody is named, or what is wished is not said as it must be."""
    if not str(by).strip():
        raise UsageError("nobody is named; say by whom")
    _keep_short("by", by.name, LONGEST_NAME)
    _keep_short("comment", deed.comment, LONGEST_COMMENT)
    _keep_short("action_id", deed.action_id, LONGEST_NAME)
    match deed.kind:
        case ActionKind.ASSIGN:
            if not deed.value.strip():
                raise UsageError("an alert is assigned to somebody; say to whom")
            _keep_short("to", deed.value, LONGEST_NAME)
        case ActionKind.MARK:
            if deed.value not in list(Mark):
                raise UsageError(f"mark is {deed.value[:40]!r}; give {' or '.join(Mark)}")
        case ActionKind.SNOOZE:
            _check_snooze(deed.value)
    if not deed.comment.strip() and deed.kind in _WITH_COMMENT:
        raise UsageError(f"the comment is empty; say {_WITH_COMMENT[deed.kind]}")
    if deed.value and deed.kind not in _WITH_VALUE:
        raise UsageError(f"{deed.kind} takes no value; leave it out")


def _check_snooze(text: str) -> None:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"snooze: {error}") from None
    if not timedelta(0) < length <= LONGEST_SNOOZE:
        raise UsageError(f"an alert is snoozed for {text}; give a duration above zero and up to 30d, such as 2h")


def _keep_short(name: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise UsageError(f"{name} has {len(text)} characters; give at most {longest}")


def _check_state(store: Store, alert: Alert, kind: ActionKind, now: datetime) -> None:
    if kind in (ActionKind.ACKNOWLEDGE, ActionKind.SNOOZE) and not alert.state.is_open:
        done = "acknowledged" if kind is ActionKind.ACKNOWLEDGE else "snoozed"
        raise UsageError(f"the alert {alert.alert_id} is {alert.state}; one that is over is not {done}")
    if kind is ActionKind.ACCEPT and alert.state is not AlertState.FIRING:
        raise UsageError(f"the alert {alert.alert_id} is {alert.state}; only one that is firing is accepted")
    if kind is ActionKind.ESCALATE and alert.state is not AlertState.FIRING:
        raise UsageError(f"the alert {alert.alert_id} is {alert.state}; only one that is firing is escalated")
    if kind is ActionKind.UNACKNOWLEDGE:
        handling = handling_of(store, [alert.alert_id]).get(alert.alert_id)
        if handling is None or not handling.is_held(now):
            raise UsageError(f"the alert {alert.alert_id} is not acknowledged")


def _as_it_stands(alert: Alert, deed: Deed) -> Deed:
    """An acceptance with what it accepts: the facts that decided the alert, and no others."""
    if deed.kind is not ActionKind.ACCEPT:
        return deed
    facts = facts_digest(alert.reason, alert.evidence)
    if deed.value not in ("", facts):
        raise UsageError(f"the alert {alert.alert_id} has changed since you looked; look again before you accept it")
    return replace(deed, value=facts)


def _same(taken: AlertAction, alert: Alert, deed: Deed) -> AlertAction:
    value = taken.value if taken.kind is ActionKind.ACCEPT and not deed.value else deed.value
    asked = (alert.alert_id, deed.kind, value, deed.comment)
    if (taken.alert_id, taken.kind, taken.value, taken.comment) != asked:
        raise UsageError(f"action_id {deed.action_id!r} was used for another action; give each its own")
    return taken


def _act(action: AlertAction, by: Actor, channel: str) -> Act:
    details = {"action_id": action.action_id, "alert": action.alert, "object": str(action.business_object)}
    return Act(ActKind(f"alert.{action.kind}"), by, action.alert_id, action.comment, details | _more(action, channel))


def _act_on_all(actions: Sequence[AlertAction], by: Actor, channel: str) -> Act:
    first = actions[0]
    if len(actions) == 1:
        return _act(first, by, channel)
    details = {
        "actions": [
            {
                "action_id": action.action_id,
                "alert_id": action.alert_id,
                "alert": action.alert,
                "object": str(action.business_object),
            }
            for action in actions
        ]
    }
    subject = f"{len(actions)} alerts"
    return Act(ActKind(f"alert.{first.kind}"), by, subject, first.comment, details | _more(first, channel))


def _more(action: AlertAction, channel: str) -> dict[str, str]:
    return {name: text for name, text in (("value", action.value), ("channel", channel)) if text}
