"""A hop that fails and the alerts that wait behind it: a store, the search for causes, a pipeline, a clock to move."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from alerts.config import load_routing
from alerts.muting import build_routing
from alerts.notifiers.registry import build_integrations
from domain.alert import Alert, AlertState
from domain.clock import FixedClock
from rules.cause_finding import CauseFinder
from storage.alerts import dispatchable_alerts, write_transitions
from storage.client import Store
from tests.builders import NOW
from tests.fakes import Received, WebhookReceiver
from tests.integration.alerts.pipeline import CONSOLE, RunningPipeline
from tests.integration.storage.failing_calls import call, firing, insert

LOCK = ("PeriodLock", "period 2026-11 of DE01 is locked")
REFUSED = ("ConnectionError", "connection refused")
IN_SIGHT = timedelta(days=30)
INTERVAL, REPEAT = timedelta(minutes=5), timedelta(hours=4, minutes=5)


def incident_routing(url: str, route: str = "incidents: {}", more: str = "", webhook: str = "") -> str:
    """A routing file with no waiting; `route` are keys of the first route, `more` are lines of the routes below it."""
    return (
        f"route:\n  receiver: ops\n  group_by: [alertname]\n  group_wait: 0s\n  group_interval: 5m\n"
        f"  repeat_interval: 4h\n  {route}\n{more}receivers:\n  - name: ops\n    webhook_configs: "
        f"[{{url: '{url}', timeout: 2s{webhook}}}]\n"
    )


def trace_of(number: int) -> str:
    """The trace of an order, the same in every run."""
    return f"{number:032x}"


class Outage:
    """What happens in the world and in the engine; each `tick` is one of the program's."""

    def __init__(
        self, store: Store, folder: Path, text: str, start_at: datetime = NOW, told_from: Store | None = None
    ) -> None:
        """`told_from` is the pipeline's own connection to the store, for a test in which that breaks."""
        self._store, self._folder, self._text = store, folder, text
        self._told_from = told_from or store
        self._alerts: dict[str, Alert] = {}
        self._changed: dict[str, Alert] = {}
        self._causes = CauseFinder(store)
        self.pipeline = RunningPipeline(self._told_from, folder, text, start_at=start_at)

    @property
    def clock(self) -> FixedClock:
        return self.pipeline.clock

    def fail(self, *numbers: int, thrown: tuple[str, str] = LOCK, service: str = "erp", minute: float = -60) -> None:
        """The hop fails for these orders, which becomes known with the next tick."""
        now = self.clock.now()
        insert(
            self._store,
            [
                call(service, minute=minute, span_id=f"{number:x}{service}{minute}", trace_id=trace_of(number))
                | _thrown(thrown, now)
                for number in numbers
            ],
        )

    def fire(self, *numbers: int, **changes: Any) -> None:
        """The alerts of these orders fire, or change while they do, at the next tick."""
        for number in numbers:
            name = changes.get("name", "OrderNotPosted")
            before = self._alerts.get(f"{name} {number}")
            fields = {"trace_ids": (trace_of(number),), "amount": Decimal(100), **changes}
            self._put(f"{name} {number}", firing(number, **fields), before)

    def end(self, *numbers: int, name: str = "OrderNotPosted", state: AlertState = AlertState.RESOLVED) -> None:
        """The alerts of these orders are over at the next tick."""
        for number in numbers:
            before = self._alerts[f"{name} {number}"]
            self._put(f"{name} {number}", replace(before, state=state, resolved_at=self.clock.now()), before)

    def tick(self, after: timedelta = timedelta(0), *, leaving: int = 0) -> None:
        """One tick that much later, and all that it makes the pipeline send."""
        self.clock.advance(after)
        now = self.clock.now()
        changed = [replace(alert, recorded_at=now, changed_at=now) for alert in self._changed.values()]
        self._changed = {}
        write_transitions(self._store, changed)
        self._causes.tick(now)
        alerts = dispatchable_alerts(self._store, now - IN_SIGHT)
        self.pipeline.tick(*alerts)
        self.pipeline.settle(leaving)

    def restart(self, text: str = "") -> None:
        """The program ends and starts again, with another routing file if one is given."""
        now = self.clock.now()
        self._text = text or self._text
        self.pipeline.stop()
        self.pipeline = RunningPipeline(self._told_from, self._folder, self._text, start_at=now)

    def reload(self, text: str) -> None:
        """Another routing file while the program runs."""
        path = self._folder / "reloaded.yaml"
        path.write_text(text, encoding="utf-8")
        config = load_routing(path)
        self.pipeline.dispatcher.change(build_routing(config), build_integrations(config, CONSOLE, {}))

    def alert(self, number: int, name: str = "OrderNotPosted") -> Alert:
        """An alert as it stands."""
        return self._alerts[f"{name} {number}"]

    def _put(self, key: str, alert: Alert, before: Alert | None) -> None:
        self._alerts[key] = self._changed[key] = replace(alert, version=before.version + 1 if before else 1)


def _thrown(thrown: tuple[str, str], received_at: datetime) -> dict[str, object]:
    return {
        "StatusCode": "Error",
        "Events.Timestamp": [received_at],
        "Events.Name": ["exception"],
        "Events.Attributes": [{"exception.type": thrown[0], "exception.message": thrown[1]}],
        "ReceivedAt": received_at,
    }


def numbers(objects: Sequence[str] | set[str]) -> list[int]:
    """The numbers of orders, sorted."""
    return sorted(int(one.removeprefix("O-")) for one in objects)


def told(receiver: WebhookReceiver) -> list[tuple[str, list[int], list[int]]]:
    """The messages that came since the last look: why, which orders fire, which are over; sorted."""
    found = []
    while not receiver.is_quiet():
        found.append(receiver.next())
    return sorted((one.json["reason"], numbers(one.firing()), numbers(one.resolved())) for one in found)


def the_message(receiver: WebhookReceiver) -> Received:
    message = receiver.next()
    assert receiver.is_quiet()
    return message


Start = Callable[..., Outage]
