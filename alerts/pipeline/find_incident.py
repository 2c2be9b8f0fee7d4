"""Gives a notification about an incident what waits behind it, in all: as commands and the API tell it."""

from dataclasses import replace
from datetime import datetime

from alerts.notification import Notification
from storage.client import Store
from storage.incidents import list_incidents


class FindIncident:
    """Looks up what is told only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def run(self, notification: Notification, now: datetime) -> Notification:
        if not notification.incident_id or notification.reason is None or not notification.alerts:
            return notification
        found = list_incidents(self._store, beginning=notification.incident_id, limit=1)
        return replace(notification, incident=found[0] if found else None)
