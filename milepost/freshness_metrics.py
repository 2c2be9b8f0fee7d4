"""What Prometheus sees of sources: last events, lag, how much they send, and who is silent."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.contract import Contracts
from storage.client import Store
from storage.freshness import SourceFreshness, source_freshness

_LABELS = ("source", "type")
# An hour of many busy sources takes a quarter of a second to add up, and nobody scrapes oftener than this.
_FRESH = timedelta(seconds=15)


class FreshnessMetrics(Collector):
    """The latest reading as metrics, replaced as a whole, so that a source which is gone leaves nothing behind.

    Its labels are those that contracts name, and `other`. The type is empty for a source as a whole; what can be added
    up over the types is not shown for the whole.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._readings: Sequence[SourceFreshness] = ()
        self._read_at: datetime | None = None
        registry.register(self)

    def read(self, store: Store, contracts: Contracts, at: datetime) -> None:
        """Shows how sources do at an instant, unless that was read just before."""
        if self._read_at is None or at - self._read_at >= _FRESH:
            self.show(source_freshness(store, contracts, at, fold=True))
            self._read_at = at

    def show(self, readings: Sequence[SourceFreshness]) -> None:
        """Replaces what is shown by the next scrape."""
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """The readings as metric families."""
        readings = self._readings
        last = GaugeMetricFamily(
            "milepost_source_last_event_timestamp_seconds", "When an event was last received.", labels=_LABELS
        )
        events = GaugeMetricFamily(
            "milepost_source_events_last_hour", "Events received in the hour before the last tick.", labels=_LABELS
        )
        lag = GaugeMetricFamily(
            "milepost_source_lag_seconds",
            "From business time to receipt, of the events received in the hour before the last tick.",
            labels=(*_LABELS, "quantile"),
        )
        silent = GaugeMetricFamily(
            "milepost_source_silent", "1 where a source is silent by its contract, 0 where it is not.", labels=_LABELS
        )
        for reading in readings:
            labels = (reading.source, reading.event_type or "")
            if reading.event_type and reading.last_received_at:
                last.add_metric(labels, reading.last_received_at.timestamp())
                events.add_metric(labels, reading.events)
            if reading.lag:
                quantiles = {"0.5": reading.lag.p50, "0.95": reading.lag.p95, "0.99": reading.lag.p99}
                for quantile, length in {**quantiles, "1": reading.lag.longest}.items():
                    lag.add_metric((*labels, quantile), length.total_seconds())
            if reading.is_silent is not None:
                silent.add_metric(labels, reading.is_silent)
        yield from (last, events, lag, silent)
