"""The contract that all stages of the alert pipeline share."""

from datetime import datetime
from typing import Protocol

from alerts.notification import Notification


class Stage(Protocol):
    """One step between a group's flush and the record that its receiver was told."""

    def run(self, notification: Notification, now: datetime) -> Notification:
        """The notification after this step."""
