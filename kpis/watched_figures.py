"""Reads the figures that rules judge, at each full hour, as they were known then.

A figure of an hour is read while all that was received by that hour is kept and nothing that came later: so it follows
from what was received, whenever Milepost looks, and a backtest reads what the live rule read.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from domain.instants import EPOCH
from domain.kpi import Figure, Kpi, Statistic, Unit
from domain.kpi_watch import READ_EVERY, KpiReading, KpiValue, KpiWatch
from kpis.case_finding import known_through
from kpis.figures import Question, figures
from kpis.marks import engine_name
from kpis.unknown import NO_CASE
from storage.client import Store
from storage.engine_state import read_watermark
from storage.kpi_cases import Pricing
from storage.kpi_readings import read_hours, write_reading

# A week's outage, and the day on which somebody notices. Hours before are left unknown, since each costs a keeping.
_LOOK_BACK = timedelta(days=8)


class WatchedFigures:
    """The figures that are watched; the KPIs they are of, those that are set against before the others."""

    def __init__(self, store: Store, kpis: Mapping[str, Kpi], watches: Iterable[KpiWatch], pricing: Pricing) -> None:
        """Watches of KPIs that there are not are left out."""
        self._store = store
        self._pricing = pricing
        self._watches = [watch for watch in dict.fromkeys(watches) if watch.kpi in kpis]
        watched = {watch.kpi for watch in self._watches}
        watched |= {base.id for name in watched if (base := kpis[name].against)}
        self.kpis = [kpi for kpi in kpis.values() if kpi.id in watched]
        self._last: dict[KpiWatch, datetime] = {}

    def hours_due(self, through: datetime) -> Iterator[datetime]:
        """The full hours by `through` of which something is still to be read, in order."""
        if not self._watches:
            return
        self._last = {watch: hours.last for watch, hours in read_hours(self._store).items()}
        latest = EPOCH + (through - EPOCH) // READ_EVERY * READ_EVERY
        hour = min(self._due_from(watch, latest) for watch in self._watches)
        while hour <= latest:
            yield hour
            hour += READ_EVERY

    def _due_from(self, watch: KpiWatch, latest: datetime) -> datetime:
        first = latest - _LOOK_BACK
        if watch in self._last:
            return max(first, self._last[watch] + READ_EVERY)
        kept = self._kept_through(next(kpi for kpi in self.kpis if kpi.id == watch.kpi))
        # One that was never kept can be read at the hour that was last: nothing is known beyond it yet.
        return latest if kept is None else max(first, EPOCH - (EPOCH - kept) // READ_EVERY * READ_EVERY)

    def read(self, kpi: Kpi, hour: datetime) -> None:
        """Keeps what is watched of a KPI at an hour, unless it is kept, or more or less than that hour is known."""
        watches = [one for one in self._watches if one.kpi == kpi.id and self._last.get(one, EPOCH) < hour]
        if not watches or not all(self._stands_at(one, hour) for one in (kpi, kpi.against) if one):
            return
        currency = self._pricing.currency if kpi.unit is Unit.MONEY else ""
        for watch in watches:
            write_reading(self._store, kpi, watch, currency, self._reading(kpi, watch, hour))
            self._last[watch] = hour

    def _stands_at(self, kpi: Kpi, hour: datetime) -> bool:
        kept = self._kept_through(kpi)
        return kept is not None and kept <= hour <= known_through(self._store, kpi, hour)

    def _kept_through(self, kpi: Kpi) -> datetime | None:
        mark = read_watermark(self._store, engine_name(kpi, "kept"))
        return mark.evaluated_through if mark else None

    def _reading(self, kpi: Kpi, watch: KpiWatch, hour: datetime) -> KpiReading:
        question = Question(hour - watch.window, hour, watch.dimension)
        found = figures(self._store, kpi, question, self._pricing)
        return KpiReading(
            at=hour,
            values={figure.label or "": _value(figure) for figure in found},
            rest=_rest(kpi),
            types=_types(kpi),
        )


def _value(figure: Figure) -> KpiValue:
    # A sum that some amounts are not in is no figure to judge by.
    return KpiValue(None, figure.reason) if figure.reason else KpiValue(figure.value)


def _rest(kpi: Kpi) -> KpiValue:
    """What a value of the dimension has that no case has: of a sum nothing, and of all else nobody knows."""
    if kpi.statistic in (Statistic.SUM, Statistic.TOTAL):
        return KpiValue(Decimal(0))
    return KpiValue(None, NO_CASE)


def _types(kpi: Kpi) -> tuple[str, ...]:
    """The event types that its figures follow from: while nobody can tell of them, they say nothing."""
    types = {*kpi.cases.types, *(type_ for one in kpi.cases.rules for type_ in one.rule.event_types)}
    return tuple(sorted(types | set(_types(kpi.against) if kpi.against else ())))
