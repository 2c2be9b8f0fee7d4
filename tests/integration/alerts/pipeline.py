"""The alert pipeline on a real store, with a clock that the test moves and real threads that send."""

import random
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from alerts.config import load_routing
from alerts.dispatcher import Dispatcher
from alerts.metrics import AlertMetrics
from alerts.muting import build_routing
from alerts.notifiers.registry import build_integrations
from domain.alert import Alert
from domain.clock import FixedClock
from storage.client import Store
from tests.builders import NOW
from tests.fakes import NoPause

CONSOLE = "http://127.0.0.1:8501"
NO_PAUSE = NoPause()


def routing(urls: Mapping[str, str], route: str = "", webhook: str = "") -> str:
    """A routing file whose first receiver takes all, one alert name a group, short timers."""
    first = next(iter(urls))
    receivers = "\n".join(
        f"  - name: {name}\n    webhook_configs: [{{url: '{url}', timeout: 300ms{webhook}}}]"
        for name, url in urls.items()
    )
    return (
        f"route:\n  receiver: {first}\n  group_by: [alertname]\n  group_wait: 30s\n"
        f"  group_interval: 5m\n  repeat_interval: 4h\n{route}receivers:\n{receivers}\n"
    )


class RunningPipeline:
    """A dispatcher as the program runs it; the test decides what fires and what time it is."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        text: str,
        *,
        start_at: datetime = NOW,
        rng: random.Random = NO_PAUSE,
        since_epoch: int = 0,
        is_started: bool = True,
    ) -> None:
        """One that is not started decides and stores what it would send."""
        path = folder / "routing.yaml"
        path.write_text(text, encoding="utf-8")
        config = load_routing(path)
        self.clock = FixedClock(start_at)
        self.registry = CollectorRegistry()
        integrations = build_integrations(config, CONSOLE, {})
        self.dispatcher = Dispatcher(
            build_routing(config), integrations, store, self.clock, rng, AlertMetrics(self.registry)
        )
        self._alerts: list[Alert] = []
        if is_started:
            self.dispatcher.resume(self.clock.now(), since_epoch)
            self.dispatcher.start()

    def tick(self, *alerts: Alert, after: timedelta = timedelta(0)) -> None:
        """One tick that much later, with exactly these alerts firing or lately over."""
        self.clock.advance(after)
        self._alerts = list(alerts)
        self.dispatcher.run(self._alerts, self.clock.now())

    def settle(self, leaving: int = 0) -> None:
        """Returns once no more than `leaving` notifications are on their way."""
        pause = threading.Event()
        for _ in range(2000):
            self.dispatcher.run(self._alerts, self.clock.now())
            if self.dispatcher.in_flight <= leaving:
                return
            pause.wait(0.005)
        raise AssertionError(f"{self.dispatcher.in_flight} notifications are still on their way")

    def count(self, metric: str, **labels: str) -> float:
        """A metric's value, 0 where it was never touched."""
        return self.registry.get_sample_value(metric, labels) or 0.0

    def stop(self) -> None:
        """Ends as the program does."""
        self.dispatcher.stop()
