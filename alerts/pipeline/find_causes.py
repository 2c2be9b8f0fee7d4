"""Gives alerts what telemetry says of them when they are told: the hop that failed, the message that was refused."""

from dataclasses import replace
from datetime import datetime

from alerts.notification import Notification, in_detail
from storage.alert_causes import with_causes
from storage.client import Store


class FindCauses:
    """Looks causes up for what is told only, as runs are."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.reason is None or not notification.alerts:
            return notification
        told, others = in_detail(notification)
        return replace(notification, alerts=(*with_causes(self._store, told), *others))
