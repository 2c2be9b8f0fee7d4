"""Keeps incidents: which alerts have the same failing hop in common, from the first that fires to the last that ends.

An alert is in the incident of its cause. Once somebody was told of it there it stays until it ends: what was told is
not told again because more became known.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.notification import is_resolved
from domain.alert import Alert, AlertState
from domain.incident import Incident, incident_id
from domain.instants import EPOCH, to_micros
from storage.client import Store
from storage.incidents import (
    FoundCause,
    Membership,
    causes_complete_through,
    causes_found_since,
    incidents_in_sight,
    write_incidents,
)

IsTold = Callable[[str, str], bool]
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Changes:
    """What a tick makes of the incidents: kept only once it is stored."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    memberships: list[Membership] = field(default_factory=list)


class Incidents:
    """The incidents that are open, and those whose alerts are in sight still; called at every tick from one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Incident] = {}
        self._of_alert: dict[str, str] = {}
        self._causes: dict[str, FoundCause] = {}
        self._read_from: datetime | None = None
        self._version = 0

    @property
    def open_ones(self) -> int:
        """How many incidents are open, as of the latest `update`."""
        return sum(incident.ended_at is None for incident in self._known.values())

    def of_alert(self, alert_id: str) -> str:
        """The id of the incident that an alert is in, or was in when it ended; empty where there is none."""
        return self._of_alert.get(alert_id, "")

    def update(self, alerts: Sequence[Alert], now: datetime, is_told: IsTold) -> None:
        """One tick: `alerts` are all that are open and those that ended lately.

        `is_told` says whether anybody was told of an alert in an incident. StoreError leaves all as it was.
        """
        self._read(alerts, now)
        changes = _Changes()
        version = max(to_micros(now), self._version + 1)
        self._end(alerts, now, changes, version)
        self._join(alerts, is_told, changes, version)
        if changes.incidents or changes.memberships:
            write_incidents(self._store, list(changes.incidents.values()), changes.memberships)
            self._version = version
        self._known |= changes.incidents
        self._of_alert |= {one.alert_id: one.incident_id for one in changes.memberships if not one.has_left}
        self._forget(alerts)

    def _read(self, alerts: Sequence[Alert], now: datetime) -> None:
        if self._read_from is None:
            since = min((alert.recorded_at for alert in alerts), default=now)
            incidents, memberships = incidents_in_sight(self._store, since)
            self._known = {incident.incident_id: incident for incident in incidents}
            self._of_alert = {one.alert_id: one.incident_id for one in memberships}
            versions = [*(one.version for one in incidents), *(one.version for one in memberships)]
            self._version = max(versions, default=0)
            # An alert's cause is looked for, and stored anew, whenever the alert is stored; those to come are later.
            firing = (alert.recorded_at for alert in alerts if alert.state is AlertState.FIRING)
            self._read_from = min(firing, default=causes_complete_through(self._store) or EPOCH)
        found = causes_found_since(self._store, self._read_from)
        if not found:
            return
        self._causes |= {cause.alert_id: cause for cause in found}
        # A search that was cut off is made up for under a later instant, or under the same one.
        through = causes_complete_through(self._store)
        if through is not None and through >= self._read_from:
            self._read_from = min(through, found[-1].recorded_at) + _MICROSECOND

    def _end(self, alerts: Sequence[Alert], now: datetime, changes: _Changes, version: int) -> None:
        going_on = {self._of_alert.get(alert.alert_id) for alert in alerts if alert.state.is_open}
        ending = {
            id_: incident for id_, incident in self._known.items() if incident.ended_at is None and id_ not in going_on
        }
        if not ending:
            return
        last: dict[str, datetime] = {}
        for alert in alerts:
            id_ = self._of_alert.get(alert.alert_id, "")
            if id_ in ending and is_resolved(alert):
                last[id_] = max(alert.resolved_at or alert.changed_at, last.get(id_, ending[id_].started_at))
        changes.incidents |= {
            id_: replace(incident, ended_at=last.get(id_, now), version=version) for id_, incident in ending.items()
        }

    def _join(self, alerts: Sequence[Alert], is_told: IsTold, changes: _Changes, version: int) -> None:
        joining: dict[str, list[tuple[Alert, FoundCause]]] = defaultdict(list)
        for alert in alerts:
            cause = self._causes.get(alert.alert_id)
            if alert.state is not AlertState.FIRING or cause is None or not cause.signature:
                continue
            current = self._known.get(self._of_alert.get(alert.alert_id, ""))
            # One that ended and fires again after all the others ended begins anew.
            if current is not None and current.ended_at is None and current.incident_id not in changes.incidents:
                if current.signature == cause.signature or is_told(alert.alert_id, current.incident_id):
                    continue
                changes.memberships.append(Membership(current.incident_id, alert.alert_id, version, has_left=True))
            joining[cause.signature].append((alert, cause))
        ended = changes.incidents.keys()
        open_ones = {
            incident.signature: incident
            for incident in self._known.values()
            if incident.ended_at is None and incident.incident_id not in ended
        }
        for signature, several in joining.items():
            known = open_ones.get(signature)
            incident = _opened(several, version) if known is None else _seen_earlier(known, several, version)
            if incident is not known:
                changes.incidents[incident.incident_id] = incident
            changes.memberships += [Membership(incident.incident_id, alert.alert_id, version) for alert, _ in several]

    def _forget(self, alerts: Sequence[Alert]) -> None:
        in_sight = {alert.alert_id for alert in alerts}
        for alert in alerts:
            incident = self._known.get(self._of_alert.get(alert.alert_id, ""))
            # One that is open again after its incident ended, and whose cause is not known yet, is in none.
            if incident is not None and incident.ended_at is not None and alert.state.is_open:
                del self._of_alert[alert.alert_id]
        self._causes = {id_: cause for id_, cause in self._causes.items() if id_ in in_sight}
        self._of_alert = {
            alert_id: id_
            for alert_id, id_ in self._of_alert.items()
            if alert_id in in_sight or (id_ in self._known and self._known[id_].ended_at is None)
        }
        wanted = set(self._of_alert.values())
        self._known = {
            id_: incident for id_, incident in self._known.items() if incident.ended_at is None or id_ in wanted
        }


def _opened(several: Sequence[tuple[Alert, FoundCause]], version: int) -> Incident:
    first, cause = min(several, key=lambda one: (_fired_at(one[0]), one[0].alert_id))
    started_at = _fired_at(first)
    return Incident(
        incident_id=incident_id(cause.signature, started_at),
        signature=cause.signature,
        kind=cause.kind,
        service=cause.service,
        operation=cause.operation,
        pattern=cause.pattern,
        error=cause.error,
        started_at=started_at,
        first_seen_at=_first_seen(found for _, found in several),
        ended_at=None,
        version=version,
    )


def _seen_earlier(incident: Incident, several: Sequence[tuple[Alert, FoundCause]], version: int) -> Incident:
    first_seen_at = _first_seen(found for _, found in several)
    if first_seen_at >= incident.first_seen_at:
        return incident
    return replace(incident, first_seen_at=first_seen_at, version=version)


def _first_seen(causes: Iterable[FoundCause]) -> datetime:
    return min(cause.first_at for cause in causes)


def _fired_at(alert: Alert) -> datetime:
    return alert.fired_at or alert.deadline_at
