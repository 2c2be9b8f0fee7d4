"""A hop that fails, the alerts behind it told as one incident, and an escalation policy on the route that tells it."""

from datetime import timedelta
from pathlib import Path

from alerts.config import load_routing
from alerts.handling import Deed, handle
from alerts.muting import Routing, build_routing
from domain.alert_action import ActionKind
from domain.audit import Actor
from storage.client import Store
from tests.builders import NOW
from tests.fakes import Received, WebhookReceiver
from tests.integration.alerts.escalating import POLICY
from tests.integration.alerts.outage import Outage, numbers

# Who was told: why, which orders fire, which are over.
Told = dict[str, list[tuple[str, list[int], list[int]]]]
ANA = Actor("ana")


def routing_text(
    receivers: dict[str, WebhookReceiver], policy: str = POLICY, route: str = "incidents: {}", routes: str = "[]"
) -> str:
    """A routing file in which nothing waits and the first route has the policy, unless it says otherwise."""
    own = "" if "escalation:" in route else ", escalation: o2c"
    lines = "".join(
        f"  - {{name: {name}, webhook_configs: [{{url: '{one.url}', timeout: 2s}}]}}\n"
        for name, one in receivers.items()
    )
    return (
        "route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 5m, repeat_interval: 40h, "
        f"{route}{own}, routes: {routes}}}\nreceivers:\n{lines}{policy}"
    )


class EscalatedOutage:
    """An outage with the receivers of a route and of its policy; it may begin anew before every tick."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        receivers: dict[str, WebhookReceiver],
        *,
        policy: str = POLICY,
        route: str = "incidents: {}",
        routes: str = "[]",
    ) -> None:
        self._store, self._folder = store, folder
        self.receivers = receivers
        self.restarts = False
        self.outage = Outage(store, folder, self.routing(policy, route, routes), NOW)

    def routing_in_force(self) -> Routing:
        """What the file says that the latest process began with."""
        return build_routing(load_routing(self._folder / "routing.yaml"))

    def routing(self, policy: str = POLICY, route: str = "incidents: {}", routes: str = "[]") -> str:
        """A routing file for these receivers."""
        return routing_text(self.receivers, policy, route, routes)

    def tick(self, minutes: float = 0) -> None:
        """A tick that much later, and all that it sends."""
        if self.restarts:
            self.outage.restart()
        self.outage.tick(timedelta(minutes=minutes))

    def do(self, kind: ActionKind, *orders: int, value: str = "") -> None:
        """Somebody does something with the alerts of these orders now."""
        for order in orders:
            handle(self._store, self.outage.alert(order), Deed(kind, value, "because"), ANA, self.outage.clock.now())

    def messages(self) -> dict[str, list[Received]]:
        """What each receiver got since it was asked last; those that got nothing are left out."""
        found: dict[str, list[Received]] = {}
        for name, receiver in self.receivers.items():
            while not receiver.is_quiet():
                found.setdefault(name, []).append(receiver.next())
        return found

    def told(self) -> Told:
        """The same, as what matters here."""
        return {
            name: sorted((one.json["reason"], numbers(one.firing()), numbers(one.resolved())) for one in several)
            for name, several in self.messages().items()
        }
