"""Reminds nobody of a group whose firing alerts are all looked after, and tells of them again when snoozes end."""

from dataclasses import replace
from datetime import datetime

from alerts.handlings import Handlings
from alerts.notification import Notification, NotifyReason, alert_of_entry, is_resolved
from alerts.notification_log import NotificationLog


class HeedAcknowledgements:
    """Leaves out reminders of what is acknowledged or snoozed; news and ends of it are told as ever."""

    def __init__(self, handlings: Handlings, log: NotificationLog) -> None:
        self._handlings = handlings
        self._log = log

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.reason is not NotifyReason.REPEAT_INTERVAL_ELAPSED:
            return notification
        firing = set(map(alert_of_entry, notification.firing))
        if notification.incident_id:
            # Who acknowledged all that was told knows the cause; more of it is told when it is materially more.
            conversation = notification.conversation
            firing = {one for one in firing if self._log.believes_firing(conversation, one)} or firing
        handling = self._handlings.of(alert for alert in notification.alerts if alert.alert_id in firing)
        if all(one.is_held(now) for one in handling.values()):
            return replace(notification, reason=None, notification_id="")
        return notification


class FindEndedSnoozes:
    """Notes when the last of the snoozes ended that are over, for whoever was told before then.

    Not for receivers of escalation steps: after a snooze escalation begins anew, and they hear when their step comes.
    """

    def __init__(self, handlings: Handlings) -> None:
        self._handlings = handlings

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.is_step or not notification.firing:
            return notification
        handling = self._handlings.of(alert for alert in notification.alerts if not is_resolved(alert))
        snoozes = (one.snoozed.snoozed_until for one in handling.values() if one.snoozed)
        ended = max((until for until in snoozes if until <= now), default=None)
        return replace(notification, snoozed_until=ended) if ended else notification
