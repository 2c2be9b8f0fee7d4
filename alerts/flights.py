"""What the dispatcher keeps of a notification until its fate is known."""

from alerts.groups import Group, GroupId
from alerts.notification import Notification, alert_of_entry


class Flight:
    """A notification between its decision and its fate, with the group as it was then."""

    def __init__(self, notification: Notification, group_id: GroupId | None = None, group: Group | None = None) -> None:
        """A resumed notification has no group: its alerts are those of an earlier process."""
        self.notification = notification
        self.group_id = group_id
        self.alert_ids = frozenset(map(alert_of_entry, notification.firing))
        self.versions = group.versions() if group else {}

    def leave_owed(self, alert_ids: frozenset[str]) -> None:
        """Notes that these alerts are still to be told, whatever becomes of the notification."""
        self.versions = {one: version for one, version in self.versions.items() if one not in alert_ids}
