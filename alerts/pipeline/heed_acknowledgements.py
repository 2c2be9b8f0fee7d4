"""Reminds nobody of a group whose firing alerts are all acknowledged; news and ends of it are told as ever."""

from dataclasses import replace
from datetime import datetime

from alerts.notification import Notification, NotifyReason, alert_of_entry
from alerts.notification_log import NotificationLog
from domain.alert_action import NOT_HANDLED
from storage.alert_actions import handling_of
from storage.client import Store


class HeedAcknowledgements:
    """Asks only where a reminder is due: most flushes have none."""

    def __init__(self, store: Store, log: NotificationLog) -> None:
        self._store = store
        self._log = log

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.reason is not NotifyReason.REPEAT_INTERVAL_ELAPSED:
            return notification
        firing = set(map(alert_of_entry, notification.firing))
        if notification.incident_id:
            # Who acknowledged all that was told knows the cause; more of it is told when it is materially more.
            conversation = notification.conversation
            firing = {one for one in firing if self._log.believes_firing(conversation, one)} or firing
        handling = handling_of(self._store, firing)
        if all(handling.get(alert_id, NOT_HANDLED).acknowledged for alert_id in firing):
            return replace(notification, reason=None, notification_id="")
        return notification
