"""Gives alerts whose events carried no correlation id the run of the workflow that is known when they are told."""

from dataclasses import replace
from datetime import datetime

from alerts.notification import Notification, in_detail
from storage.alerts import with_runs
from storage.client import Store


class FindRuns:
    """Looks runs up for what is told only: most ticks tell nothing, and thousands of alerts may be open."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.reason is None or not notification.alerts:
            return notification
        told, others = in_detail(notification)
        return replace(notification, alerts=(*with_runs(self._store, told), *others))
