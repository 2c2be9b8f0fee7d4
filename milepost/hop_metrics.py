"""What Prometheus sees of hops: how calls went over the last five minutes, and what waits behind each hop now."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.hop import HopList
from kpis.hop_figures import hop_list
from storage.client import Store
from storage.kpi_cases import Pricing

WINDOW = timedelta(minutes=5)
_LABELS = ("kind", "from_service", "to_service")


class HopMetrics(Collector):
    """The latest figures, replaced as a whole; one that is unknown is absent, and so never zero by mistake."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._shown: HopList | None = None
        registry.register(self)

    def read(self, store: Store, at: datetime, pricing: Pricing) -> None:
        """Shows the figures of the five minutes that end at an instant."""
        self._shown = hop_list(store, at - WINDOW, at, pricing)

    def collect(self) -> Iterator[Metric]:
        """The figures as metric families."""
        rate = _family("milepost_hop_calls_per_minute", "Calls over a hop a minute, over the last five.")
        errors = _family(
            "milepost_hop_error_rate", "Share of the calls over a hop that failed, over the last five minutes."
        )
        latency = GaugeMetricFamily(
            "milepost_hop_latency_seconds",
            "Seconds that so large a share of the calls over a hop took at most, over the last five minutes.",
            labels=(*_LABELS, "quantile"),
        )
        backlog = _family(
            "milepost_hop_backlog", "Depth of a queue when it was measured last; objects that wait behind another hop."
        )
        objects = _family("milepost_hop_waiting_objects", "Objects that wait behind a hop.")
        money = GaugeMetricFamily(
            "milepost_hop_waiting_amount",
            "What the objects that wait behind a hop are worth, in the reporting currency, as far as that is known.",
            labels=(*_LABELS, "currency"),
        )
        unknown = _family(
            "milepost_hop_waiting_unconverted",
            "Objects behind a hop of which no amount in the reporting currency is known.",
        )
        for one in self._shown.hops if self._shown else ():
            labels = (one.hop.kind.value, one.hop.from_service, one.hop.to_service)
            if one.traffic and one.rate is not None:
                rate.add_metric(labels, one.rate)
                errors.add_metric(labels, one.traffic.error_rate)
                for share, value in (("0.5", one.traffic.p50), ("0.95", one.traffic.p95), ("0.99", one.traffic.p99)):
                    latency.add_metric((*labels, share), value)
            if one.backlog is not None:
                backlog.add_metric(labels, one.backlog)
            objects.add_metric(labels, one.waiting.objects)
            unknown.add_metric(labels, one.waiting.unconverted)
            if one.waiting.total is not None and self._shown:
                money.add_metric((*labels, self._shown.reporting_currency), float(one.waiting.total))
        yield from (rate, errors, latency, backlog, objects, money, unknown)


def _family(name: str, what: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, labels=_LABELS)
