"""What mutes an alert at an instant: inhibition, a time interval of its route, or a silence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.config import RoutingConfig, load_routing
from alerts.escalation import Policy, build_policies
from alerts.escalation_config import DigestConfig
from alerts.inhibition import Inhibition, InhibitRule
from alerts.notification import alert_labels
from alerts.routing import Route, build_route
from alerts.silences import ActiveSilences
from alerts.time_intervals import TimeIntervalConfig
from domain.alert import Alert, AlertState
from domain.silence import Silence
from storage.alerts import dispatchable_alerts
from storage.client import Store
from storage.silences import silences_in_force


class MuteKind(StrEnum):
    """Why somebody is not told of an alert that fires."""

    INHIBITION = "inhibition"
    MUTE_INTERVAL = "mute_interval"
    ACTIVE_INTERVAL = "active_interval"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class MutedBy:
    """What mutes an alert: another alert, an interval of the routing file or a silence, by id and in words.

    `receiver` is who is not told; empty where nobody is.
    """

    kind: MuteKind
    id: str
    name: str
    receiver: str = ""

    def row(self) -> dict[str, str]:
        """As JSON shows it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Routing:
    """What the routing file says about who is told when: without the receivers' integrations."""

    route: Route
    inhibit_rules: tuple[InhibitRule, ...] = ()
    time_intervals: Mapping[str, TimeIntervalConfig] | None = None
    policies: Mapping[str, Policy] = field(default_factory=dict)
    digests: tuple[DigestConfig, ...] = ()

    def acknowledgement_timeout(self, labels: Mapping[str, str]) -> timedelta | None:
        """How long an acknowledgement of an alert with these labels holds every escalation; None where for good."""
        found = (self.policies.get(route.escalation) for route in self.route.match(labels))
        timeouts = [one.config.acknowledgement_timeout for one in found if one]
        return min((one for one in timeouts if one), default=None)

    def closed_by(self, mute: Sequence[str], active: Sequence[str], now: datetime) -> tuple[MuteKind, str] | None:
        """The interval for which a route with these intervals tells nothing now; Alertmanager asks in this order."""
        intervals = self.time_intervals or {}
        if active and not any(intervals[name].contains(now) for name in active):
            return MuteKind.ACTIVE_INTERVAL, ", ".join(active)
        for name in mute:
            if intervals[name].contains(now):
                return MuteKind.MUTE_INTERVAL, name
        return None


def build_routing(config: RoutingConfig) -> Routing:
    """The routing that the file describes."""
    return Routing(
        build_route(config),
        tuple(InhibitRule(one.source, one.target, one.equal) for one in config.inhibit_rules),
        {interval.name: interval for interval in config.time_intervals},
        build_policies(config),
        config.digest,
    )


def shipped_routing() -> Routing:
    """Who is told when nobody says otherwise."""
    return build_routing(load_routing())


class Mutes:
    """What mutes alerts at one instant, from all that fire then and the silences in force."""

    def __init__(self, routing: Routing, alerts: Sequence[Alert], silences: Sequence[Silence], now: datetime) -> None:
        self._routing = routing
        self._now = now
        self._inhibition = Inhibition(routing.inhibit_rules, alerts)
        self._silences = ActiveSilences(silences, now)

    def inhibiting(self, labels: Mapping[str, str]) -> MutedBy | None:
        """The alert that fires and makes telling of one with these labels needless."""
        found = self._inhibition.source_of(labels)
        return MutedBy(MuteKind.INHIBITION, *found) if found else None

    def closing(self, mute: Sequence[str], active: Sequence[str]) -> MutedBy | None:
        """The interval that closes a route with these intervals."""
        found = self._routing.closed_by(mute, active, self._now)
        return MutedBy(found[0], found[1], found[1]) if found else None

    def silencing(self, labels: Mapping[str, str]) -> MutedBy | None:
        """The silence that mutes an alert with these labels."""
        found = self._silences.muting(labels)
        return _by_silence(found[0]) if found else None

    def mutes(self, alert: Alert, route: Route) -> bool:
        """Whether a route tells nobody of an alert that fires."""
        labels = alert_labels(alert)
        return bool(
            self.closing(route.mute_time_intervals, route.active_time_intervals)
            or self.silencing(labels)
            or self.inhibiting(labels)
        )

    def of_alert(self, alert: Alert) -> list[MutedBy]:
        """All that mutes an alert; what does not fire is told to nobody and so muted by nothing."""
        if alert.state is not AlertState.FIRING:
            return []
        labels = alert_labels(alert)
        inhibited = self.inhibiting(labels)
        found = [inhibited] if inhibited else []
        for route in self._routing.route.match(labels):
            closed = self._routing.closed_by(route.mute_time_intervals, route.active_time_intervals, self._now)
            if closed:
                found.append(MutedBy(closed[0], closed[1], closed[1], route.receiver))
        return [*found, *map(_by_silence, self._silences.muting(labels))]


def current_mutes(store: Store, routing: Routing, now: datetime) -> Mutes:
    """What mutes alerts now, for who shows them."""
    # What fires matters to inhibition alone.
    alerts = dispatchable_alerts(store, now) if routing.inhibit_rules else ()
    return Mutes(routing, alerts, silences_in_force(store, now), now)


def muted_alerts(store: Store, routing: Routing, now: datetime) -> dict[str, list[MutedBy]]:
    """What mutes each of the alerts that fire, by id; those that nothing mutes are left out."""
    silences = silences_in_force(store, now)
    if not silences and not routing.inhibit_rules and not routing.time_intervals:
        return {}
    alerts = dispatchable_alerts(store, now)
    mutes = Mutes(routing, alerts, silences, now)
    return {alert.alert_id: found for alert in alerts if (found := mutes.of_alert(alert))}


def _by_silence(silence: Silence) -> MutedBy:
    return MutedBy(MuteKind.SILENCE, silence.silence_id, silence.comment)
