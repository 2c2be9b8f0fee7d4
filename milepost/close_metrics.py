"""What Prometheus sees of the close: of every legal entity the period whose cutoff comes next."""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from close.book import CloseBook
from domain.close import EntityClose

_LABELS = ("legal_entity", "period")


class CloseMetrics(Collector):
    """The latest reading, replaced as a whole; a score that is unknown is absent, and so never zero by mistake."""

    def __init__(self, registry: CollectorRegistry, book: CloseBook) -> None:
        self._book = book
        self._shown: Sequence[EntityClose] = ()
        registry.register(self)

    def show(self, found: Sequence[EntityClose]) -> None:
        """Shows a reading of all legal entities; those that are unknown have no label of their own."""
        self._shown = [one for one in found if one.legal_entity]

    def collect(self) -> Iterator[Metric]:
        """The reading as metric families."""
        score = GaugeMetricFamily(
            "milepost_close_readiness",
            "The weighted share of the close's due cases that are cleared; absent where a gate is unknown.",
            labels=_LABELS,
        )
        blockers = GaugeMetricFamily(
            "milepost_close_open_blockers",
            "Cases of a gate of the close that are not cleared and should be.",
            labels=(*_LABELS, "gate"),
        )
        flying = GaugeMetricFamily(
            "milepost_close_in_flight",
            "Cases of a gate of the close that are not cleared, and are still inside their window.",
            labels=(*_LABELS, "gate"),
        )
        unknown = GaugeMetricFamily(
            "milepost_close_gates_unknown",
            "Gates of which nobody can know how they stand, because a source is silent.",
            labels=_LABELS,
        )
        signed = GaugeMetricFamily(
            "milepost_close_signed_off", "1 while a sign-off of the close stands, else 0.", labels=_LABELS
        )
        target = GaugeMetricFamily("milepost_close_readiness_target", "What the readiness of every close aims at.")
        target.add_metric((), float(self._book.definition.target))
        for one in self._shown:
            labels = (one.legal_entity, one.period.name)
            if one.score.value is not None:
                score.add_metric(labels, one.score.value)
            for cell in one.cells:
                blockers.add_metric((*labels, cell.gate.id), cell.late)
                flying.add_metric((*labels, cell.gate.id), cell.in_flight)
            unknown.add_metric(labels, sum(1 for cell in one.cells if cell.state.value == "unknown"))
            signed.add_metric(labels, one.is_signed_off)
        yield from (score, target, blockers, flying, unknown, signed)
