"""A group of alerts that are told together: who is in it, when it is flushed next, and who was told what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.config import INCIDENT
from alerts.notification import in_telling_order, is_resolved
from alerts.routing import Route
from domain.alert import Alert, AlertState

# The route and the key of a group.
GroupId = tuple[str, str]


@dataclass(slots=True)
class Member:
    """An alert in the group and the integrations that have been through a flush with it as it stands."""

    alert: Alert
    told: set[str] = field(default_factory=set)


class Group:
    """The alerts of one route that share its group labels, flushed whole.

    The first flush comes `group_wait` after the group began, or at once when an alert has been firing for
    longer than that; the others every `group_interval`. A resolved alert stays until every integration has
    been through a flush with it.
    """

    def __init__(self, route: Route, labels: Mapping[str, str], now: datetime) -> None:
        self.route = route
        self.labels = dict(labels)
        self.key = route.group_key(labels)
        self.members: dict[str, Member] = {}
        self.owed: set[str] = set()
        self._flushed = False
        self._next_flush_at = now + route.group_wait

    @property
    def incident_id(self) -> str:
        """The incident that the group is; empty for one whose alerts share labels."""
        is_one = self.route.groups_incidents and self.labels.keys() == {INCIDENT}
        return self.labels[INCIDENT] if is_one else ""

    @property
    def was_flushed(self) -> bool:
        """Whether its time to be told has come since the process knows it."""
        return self._flushed

    def firing(self) -> list[Alert]:
        """The alerts in the group that fire."""
        return [member.alert for member in self.members.values() if member.alert.state is AlertState.FIRING]

    def flush_at(self, instant: datetime) -> None:
        """Makes the next flush come then, whatever the interval says."""
        self._next_flush_at = instant

    def put(self, alert: Alert, now: datetime) -> None:
        """Adds an alert, or replaces what the group knew of it."""
        self.members[alert.alert_id] = Member(alert)
        started_at = alert.fired_at or alert.deadline_at
        if not self._flushed and started_at + self.route.group_wait < now:
            self._next_flush_at = now

    def forget_firing(self, alert_id: str) -> None:
        """Drops an alert whose verdict is open again; one that was resolved still has to be told."""
        member = self.members.get(alert_id)
        if member and not is_resolved(member.alert):
            del self.members[alert_id]

    def begin_flush_if_due(self, integrations: Collection[str], now: datetime) -> None:
        """When it is time, owes every integration a look at the whole group."""
        if self._next_flush_at > now:
            return
        self._flushed = True
        self.owed.update(integrations)
        self._next_flush_at += self.route.group_interval
        if self._next_flush_at <= now:
            self._next_flush_at = now + self.route.group_interval
        self._drop_told(integrations)

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert in the group, in the order in which messages tell them."""
        return in_telling_order(member.alert for member in self.members.values())

    def versions(self) -> dict[str, int]:
        """What `end_flush` needs to know of the group as it is now."""
        return {alert_id: member.alert.version for alert_id, member in self.members.items()}

    def end_flush(self, integration: str, versions: Mapping[str, int], integrations: Collection[str]) -> None:
        """Notes that an integration knows of the alerts in these versions."""
        for alert_id, version in versions.items():
            member = self.members.get(alert_id)
            if member and member.alert.version == version:
                member.told.add(integration)
        self._drop_told(integrations)

    def _drop_told(self, integrations: Collection[str]) -> None:
        self.members = {
            alert_id: member
            for alert_id, member in self.members.items()
            if not (is_resolved(member.alert) and member.told.issuperset(integrations))
        }
