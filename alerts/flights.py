"""What the dispatcher keeps of a notification until its fate is known, and of where an alert belongs."""

from dataclasses import dataclass

from alerts.groups import Group
from alerts.notification import Notification, alert_of_entry

# A route's id and a group's key.
GroupId = tuple[str, str]


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


@dataclass(frozen=True, slots=True)
class Placement:
    """The groups that an alert, as it stood at this version, belongs to."""

    version: int
    groups: frozenset[GroupId]
