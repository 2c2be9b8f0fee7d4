"""Sends a marked test message to a receiver, and its end after it, so that somebody can see that it arrives."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.config import RoutingConfig
from alerts.config_parts import Surroundings
from alerts.notification import Conversation, Notification, NotifyReason, firing_entry, notification_id
from alerts.notifiers.notifier import DeliveryError, Integration
from alerts.notifiers.registry import integrations_of
from domain.alert import Alert, AlertState, alert_id
from domain.business_object import BusinessObject
from domain.errors import UsageError
from domain.instants import to_micros

_NAME = "ReceiverTest"
_OBJECT = BusinessObject("test", "receiver")


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one message; `error` is empty where it was taken."""

    integration: str
    message: str
    error: str


def try_receiver(config: RoutingConfig, name: str, surroundings: Surroundings, now: datetime) -> Iterator[Trial]:
    """One try at every integration of a receiver, as it is made; UsageError where there is nobody to tell.

    Where ends are told, one follows at once: a test must leave no incident open.
    """
    receiver = next((one for one in config.receivers if one.name == name), None)
    if receiver is None:
        defined = ", ".join(sorted(one.name for one in config.receivers))
        raise UsageError(f'receiver "{name}" is not in the routing file; defined there: {defined}')
    integrations = integrations_of(receiver, surroundings)
    if not integrations:
        raise UsageError(f'receiver "{name}" has no integrations: its alerts stand in the console only')
    return _tries(integrations, now)


def _tries(integrations: tuple[Integration, ...], now: datetime) -> Iterator[Trial]:
    for integration in integrations:
        try:
            firing = _firing(integration, now)
            error, receipt = _send(integration, firing, now)
            yield Trial(integration.name, "firing", error)
            if integration.send_resolved and not error:
                error, _ = _send(integration, _over(firing, receipt, now), now)
                yield Trial(integration.name, "resolved", error)
        finally:
            integration.notifier.close()


def _send(integration: Integration, notification: Notification, now: datetime) -> tuple[str, str]:
    body = integration.notifier.compose(notification)
    try:
        return "", integration.notifier.send(replace(notification, body=body), now)
    except DeliveryError as error:
        return f"{error} ({error.reason})", ""


def _firing(integration: Integration, now: datetime) -> Notification:
    alert = _alert(integration.receiver, now)
    conversation = Conversation(integration.receiver, integration.name, f'{{}}:{{alertname="{_NAME}"}}')
    return Notification(
        conversation=conversation,
        group_labels={"alertname": _NAME},
        firing=(firing_entry(alert),),
        resolved=(),
        created_at=now,
        deadline=now + timedelta(minutes=5),
        repeat_interval=timedelta(hours=4),
        alerts=(alert,),
        reason=NotifyReason.FIRST_NOTIFICATION,
        notification_id=notification_id(conversation, [alert], to_micros(now)),
    )


def _over(firing: Notification, receipt: str, now: datetime) -> Notification:
    (alert,) = firing.alerts
    over = replace(alert, state=AlertState.RESOLVED, resolved_at=now, version=alert.version + 1)
    return replace(
        firing,
        firing=(),
        resolved=(alert.alert_id,),
        alerts=(over,),
        reason=NotifyReason.ALL_RESOLVED,
        notification_id=notification_id(firing.conversation, [over], to_micros(now)),
        thread=receipt,
    )


def _alert(receiver: str, now: datetime) -> Alert:
    return Alert(
        alert_id=alert_id(_NAME, _OBJECT, ""),
        name=_NAME,
        business_object=_OBJECT,
        state=AlertState.FIRING,
        started_at=now,
        deadline_at=now,
        fired_at=now,
        resolved_at=None,
        severity="info",
        amount=None,
        currency=None,
        correlation_id=None,
        reason="somebody ran milepost alerts receiver-test",
        changed_at=now,
        recorded_at=now,
        version=to_micros(now),
        annotations={
            "summary": f'This is a test of the receiver "{receiver}": nothing is wrong.',
            "runbook": "There is nothing to do.",
        },
    )
