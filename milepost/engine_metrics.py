"""What the engine counts and shows: ticks, transitions, and the alerts that are open now."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.alert import AlertState
from rules.engine import TickResult
from storage.alerts import count_alerts
from storage.client import Store


class EngineMetrics:
    """The engine's metrics on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tick_seconds = Histogram(
            "milepost_tick_duration_seconds",
            "How long one tick takes: evaluation and dispatch.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=registry,
        )
        self.failures = Counter(
            "milepost_tick_failures_total", "Ticks that failed and were tried again.", registry=registry
        )
        self.objects = Counter("milepost_objects_evaluated_total", "Objects that ticks looked at.", registry=registry)
        self.transitions = Counter(
            "milepost_alert_transitions_total", "Alert transitions stored, by new state.", ["state"], registry=registry
        )
        self.evaluated_through = Gauge(
            "milepost_evaluated_through_timestamp_seconds",
            "Up to which instant of arrival everything is evaluated.",
            registry=registry,
        )
        self.correlated_through = Gauge(
            "milepost_correlated_through_timestamp_seconds",
            "Up to which instant of arrival the runs of the workflow are known.",
            registry=registry,
        )
        self.alerts = Gauge("milepost_alerts", "Alerts that are open, by state.", ["state"], registry=registry)

    def count(self, result: TickResult, store: Store) -> None:
        """Counts a tick, and shows the alerts as they stand after it."""
        self.objects.inc(result.objects)
        self.evaluated_through.set(result.through.timestamp())
        for state, count in result.transitions.items():
            self.transitions.labels(state).inc(count)
        counts = count_alerts(store)
        for state in AlertState:
            if state.is_open:
                self.alerts.labels(state).set(counts.get(state, 0))
