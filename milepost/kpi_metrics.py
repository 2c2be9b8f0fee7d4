"""What Prometheus sees of KPIs: the figures of the last 30 days, for all and for each legal entity."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.kpi import Dimension, Figure, Kpi
from kpis.figures import Question, figures_of
from milepost.kpi_book import USUAL_STRETCH, KpiBook
from storage.client import Store

_LABELS = ("kpi", "legal_entity")


class _Shown(NamedTuple):
    kpi: Kpi
    figures: list[Figure]


class KpiMetrics(Collector):
    """The latest figures, replaced as a whole; one that is unknown is absent, and so never zero by mistake."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._shown: list[_Shown] = []
        self.kept_through = Gauge(
            "milepost_kpi_kept_through_timestamp_seconds",
            "Up to which instant of arrival KPIs are up to date.",
            registry=registry,
        )
        registry.register(self)

    def read(self, store: Store, book: KpiBook, at: datetime) -> None:
        """Shows the figures of the 30 days that end at an instant."""
        since, kpis = at - USUAL_STRETCH, book.kpis.values()
        whole, parted = (
            figures_of(store, kpis, Question(since, at, dimension), book.settings.pricing)
            for dimension in (None, Dimension.LEGAL_ENTITY)
        )
        self._shown = [_Shown(kpi, whole[kpi.id] + parted[kpi.id]) for kpi in kpis]

    def collect(self) -> Iterator[Metric]:
        """The figures as metric families."""
        value = GaugeMetricFamily(
            "milepost_kpi",
            "What a KPI came to over the last 30 days, in its unit: seconds, a share, a count or the reporting "
            "currency; an empty legal entity is all of them.",
            labels=_LABELS,
        )
        waiting = GaugeMetricFamily(
            "milepost_kpi_open_cases", "Cases of a KPI that have begun and not ended.", labels=_LABELS
        )
        target = GaugeMetricFamily("milepost_kpi_target", "What a KPI aims at, in its unit.", labels=("kpi",))
        for kpi, shown in self._shown:
            if kpi.target is not None:
                target.add_metric((kpi.id,), float(kpi.target))
            for figure in shown:
                # Cases whose legal entity is unknown are in the figure of all.
                if figure.label == "":
                    continue
                labels = (kpi.id, figure.label or "")
                waiting.add_metric(labels, figure.open.cases)
                if isinstance(figure.value, Decimal):
                    value.add_metric(labels, float(figure.value))
        yield from (value, waiting, target)
