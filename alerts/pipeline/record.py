"""Writes down the fate of a notification: in the log when it was delivered, in its own row in any case."""

from datetime import datetime

from alerts.metrics import AlertMetrics
from alerts.notification import Notification, to_record
from alerts.notification_log import NotificationLog
from storage.client import Store
from storage.notifications import NotificationStatus, write_notifications


class Record:
    """Stores a fate once it is known; a crash before that makes the next start send the same message again."""

    def __init__(self, store: Store, log: NotificationLog, metrics: AlertMetrics) -> None:
        self._store = store
        self._log = log
        self._metrics = metrics

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.status is NotificationStatus.SENDING:
            return notification
        if notification.status is NotificationStatus.DELIVERED:
            self._log.record([notification], now)
        write_notifications(self._store, [to_record(notification, now)])
        names = (notification.conversation.receiver, notification.conversation.integration)
        self._metrics.notifications.labels(*names).inc()
        if notification.failure is not None:
            self._metrics.notifications_failed.labels(*names, notification.failure).inc()
        return notification
