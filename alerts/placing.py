"""Which groups an alert belongs to: those of its routes, by its labels or by the incident it is in.

What was told of an alert in one group, to the route's receiver or by a step of its policy, is not told again in another
because its cause became known, or changed, or because it is to bypass the incident no more: it stays where it was told
until it ends.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerts.config import INCIDENT
from alerts.groups import GroupId
from alerts.routing import Route

Homes = dict[GroupId, tuple[Route, dict[str, str]]]
# Whether anybody was told by a route, in the group of this key, that the alert in question fires.
Told = Callable[[Route, str], bool]


@dataclass(frozen=True, slots=True)
class Placement:
    """The groups that an alert, as it stood at this version and in this incident, belongs to."""

    version: int
    incident_id: str
    groups: frozenset[GroupId]


class Placing:
    """The places that a route tree has for alerts."""

    def __init__(self, route: Route) -> None:
        self._route = route
        # A receiver hears of an incident once, whichever of its routes lead there, unless they tell at other times or
        # escalate otherwise.
        first: dict[object, Route] = {}
        self._homes_of_incidents: dict[str, Route] = {}
        for one in route.walk():
            if one.groups_incidents:
                times = (one.group_wait, one.group_interval, one.repeat_interval)
                intervals = (one.mute_time_intervals, one.active_time_intervals)
                self._homes_of_incidents[one.id] = first.setdefault(
                    (one.receiver, times, intervals, one.escalation), one
                )

    def homes(self, labels: Mapping[str, str], incident_id: str, is_told: Told) -> Homes:
        """The groups of an alert with these labels, which is in this incident, or in none."""
        homes: Homes = {}
        for route in self._route.match(labels):
            own = route.group_labels(labels)
            by_labels = (route.id, route.group_key(own))
            shared = self._homes_of_incidents.get(route.id)
            if shared is None or not incident_id:
                homes[by_labels] = (route, own)
                continue
            of_incident = {INCIDENT: incident_id}
            key = shared.group_key(of_incident)
            told_here, told_there = is_told(route, by_labels[1]), is_told(shared, key)
            bypasses = route.bypasses_incidents(labels)
            if bypasses or told_here:
                homes[by_labels] = (route, own)
            if told_there or not (bypasses or told_here):
                homes[shared.id, key] = (shared, of_incident)
        return homes

    def is_told_in(self, incident_id: str, is_told: Told) -> bool:
        """Whether any receiver was told of the alert in question in this incident."""
        homes = {route.id: route for route in self._homes_of_incidents.values()}
        return any(is_told(route, route.group_key({INCIDENT: incident_id})) for route in homes.values())
