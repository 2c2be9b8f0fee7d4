"""A pipeline with an escalation policy and four receivers, which a test may begin anew between any two steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from alerts.handling import Deed, handle
from domain.alert import Alert, AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from storage.client import Store
from tests.builders import NOW, alert
from tests.fakes import Received, WebhookReceiver, webhook_receiver
from tests.integration.alerts.pipeline import RunningPipeline

MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE
FIRST, SECOND = alert(object="order/O-1"), alert(object="order/O-2")
ANA = Actor("ana")
NAMES = ("ops", "ana", "ben", "boss")
# A week of ana's began on the Monday of NOW; ben has the next.
POLICY = """
escalation:
  members: [{name: ana, receivers: [ana]}, {name: ben, receivers: [ben]}]
  rotations:
    - {name: first_line, time_zone: Europe/Berlin, starts_on: 2026-11-02, handover: "09:00", members: [ana, ben]}
  policies:
    - name: o2c
      steps: [{after: 15m, rotations: [first_line]}, {after: 30m, receivers: [boss]}]
"""


def over(fired: Alert) -> Alert:
    return replace(fired, state=AlertState.RESOLVED, version=fired.version + 1, resolved_at=NOW + HOUR)


@contextmanager
def four_receivers() -> Iterator[dict[str, WebhookReceiver]]:
    """That of the route, those of two members and that of the last step."""
    with webhook_receiver() as ops, webhook_receiver() as ana, webhook_receiver() as ben, webhook_receiver() as boss:
        yield dict(zip(NAMES, (ops, ana, ben, boss), strict=True))


class Place:
    """A pipeline with an escalation policy that can be ended and begun anew between any two steps."""

    def __init__(self, store: Store, folder: Path, receivers: dict[str, WebhookReceiver], policy: str) -> None:
        self._store, self._folder, self._policy = store, folder, policy
        self.receivers = receivers
        self.restarts = False
        self.route_policy = "o2c"
        self._now = NOW
        self._running: RunningPipeline | None = None

    @property
    def now(self) -> datetime:
        return self._now

    def tick(self, *alerts: Alert, after: timedelta = timedelta(0)) -> None:
        """A tick that much later, in a new process where the place restarts, and all that it sends."""
        if self.restarts:
            self.stop()
        self._now += after
        if self._running is None:
            self._running = RunningPipeline(self._store, self._folder, self._text(), start_at=self._now)
        else:
            self._running.clock.advance(after)
        self._running.tick(*alerts)
        self._running.settle()

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
        self._running = None

    def told(self) -> dict[str, list[Received]]:
        """What each receiver got since it was asked last; those that got nothing are left out."""
        found: dict[str, list[Received]] = {}
        for name, receiver in self.receivers.items():
            while not receiver.is_quiet():
                found.setdefault(name, []).append(receiver.next())
        return found

    def reasons(self) -> dict[str, list[str]]:
        """The same, by reason alone."""
        return {name: [one.json["reason"] for one in several] for name, several in self.told().items()}

    def do(self, kind: ActionKind, *alerts: Alert, value: str = "") -> None:
        """Somebody does something with alerts now."""
        for one in alerts:
            handle(self._store, one, Deed(kind, value, "because"), ANA, self._now)

    def _text(self) -> str:
        receivers = "".join(
            f"  - {{name: {name}, webhook_configs: [{{url: '{one.url}', timeout: 300ms}}]}}\n"
            for name, one in self.receivers.items()
        )
        return (
            "route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 5m, repeat_interval: 40h, "
            f"escalation: {self.route_policy}}}\nreceivers:\n{receivers}{self._policy}"
        )
