"""Writes the body of a notification, once: every try sends the same."""

from dataclasses import replace
from datetime import datetime

from alerts.notification import Notification
from alerts.notifiers.notifier import Notifier


class Compose:
    """Lets the notifier write the body where there is something to tell."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.reason is None or not notification.alerts:
            return notification
        return replace(notification, body=self._notifier.compose(notification))
