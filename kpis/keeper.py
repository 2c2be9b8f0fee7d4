"""Keeps the cases of KPIs in line with what arrives, and states what each came to on every day that is over.

What a tick does for one KPI it does in this order: note how far it goes, keep the cases, state the days, note how far
it came. A tick that was cut off is repeated to the instant that it noted, and so writes the same rows again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from domain.instants import EPOCH
from domain.kpi import Dimension, Kpi, Statistic
from kpis.config import KpiSettings
from kpis.figures import value_of
from storage.client import Store
from storage.engine_state import Watermark, read_watermark, write_watermark
from storage.kpi_cases import ALL_CASES, OPEN_SLICE, SliceFigures, case_figures, changed_days, keep_cases
from storage.kpi_values import DayValue, read_statements, write_statements
from storage.milestones import Stretch, stretches

DAY = timedelta(days=1)
# Bounds what one insert holds in memory while the cases of all history are found.
_MILESTONES_AT_ONCE = 500_000
# Days that one statement reads.
_DAYS_AT_ONCE = 400


class KpiKeeper:
    """Called now and then from one thread; nothing is kept in memory between calls."""

    def __init__(self, store: Store, kpis: Mapping[str, Kpi], settings: KpiSettings) -> None:
        self._store = store
        self._kpis = kpis
        self._settings = settings

    def tick(self, through: datetime, *, everything: bool = False) -> int:
        """Takes in all that was received by `through`, which no event still to come may precede; how many KPIs changed.

        With `everything` every day is compared with what was stated of it, as after a change of rates.
        """
        return sum(self._take_in(kpi, through, everything) for kpi in self._kpis.values())

    def _take_in(self, kpi: Kpi, through: datetime, everything: bool) -> bool:
        after = self._through(kpi, "kept")
        begun = self._through(kpi, "begun")
        if begun is not None and (after is None or begun > after):
            through = begun
        if after is not None and through <= after:
            return False
        self._note(kpi, "begun", through)
        every = [Stretch(kpi.cases.object_type)]
        if after is None:
            every = list(stretches(self._store, kpi.cases.object_type, _MILESTONES_AT_ONCE))
        for stretch in every:
            keep_cases(self._store, kpi, stretch, after, through, self._settings.segment)
        self._state(kpi, self._days(kpi, after, through, everything), through)
        self._note(kpi, "kept", through)
        return True

    def _through(self, kpi: Kpi, what: str) -> datetime | None:
        found = read_watermark(self._store, _engine(kpi, what))
        return found.evaluated_through if found and found.rules_version == kpi.version else None

    def _note(self, kpi: Kpi, what: str, through: datetime) -> None:
        write_watermark(self._store, _engine(kpi, what), Watermark(through, kpi.version), through)

    def _days(self, kpi: Kpi, after: datetime | None, through: datetime, everything: bool) -> list[date]:
        """The days that are over of which something is to be stated: they changed, or ended since the last tick."""
        found = set(changed_days(self._store, kpi, through))
        if everything:
            statements = read_statements(self._store, kpi, EPOCH, through)
            found |= {statement.day.starts_at.date() for statement in statements}
        ended = after.date() if after is not None else through.date()
        while ended < through.date():
            found.add(ended)
            ended += DAY
        return sorted(found)

    def _state(self, kpi: Kpi, days: Sequence[date], now: datetime) -> None:
        for since, until in _runs(days):
            stated = {
                (one.day.starts_at, one.day.legal_entity): one.day
                for one in read_statements(self._store, kpi, since, until)
            }
            found = {(day.starts_at, day.legal_entity): day for day in self._found(kpi, since, until)}
            news = [day for key, day in found.items() if stated.get(key) != day]
            # What is there no more is stated to be nothing; of a day that never was there is nothing to say.
            news += [
                DayValue(*key, value=value_of(kpi, None), cases=0, unconverted=0)
                for key, day in stated.items()
                if key not in found and day.cases
            ]
            ends = {day.starts_at: day.starts_at + DAY for day in news}
            currency = self._settings.pricing.currency if kpi.statistic is Statistic.TOTAL else ""
            write_statements(self._store, kpi, currency, news, ends, now)

    def _found(self, kpi: Kpi, since: datetime, until: datetime) -> Iterator[DayValue]:
        for dimension in (None, Dimension.LEGAL_ENTITY):
            figures = case_figures(self._store, kpi, since, until, DAY, dimension, ALL_CASES, self._settings.pricing)
            for figure in figures:
                # Cases without a legal entity are in the figure of all.
                if figure.slice != OPEN_SLICE and bool(figure.label) == (dimension is not None):
                    yield _day_value(kpi, since + figure.slice * DAY, figure)


def _day_value(kpi: Kpi, starts_at: datetime, figures: SliceFigures) -> DayValue:
    is_money = kpi.statistic is Statistic.TOTAL
    unconverted = figures.money.unconverted if is_money else 0
    value = value_of(kpi, figures)
    return DayValue(starts_at, figures.label, value, figures.cases, unconverted)


def _runs(days: Sequence[date]) -> Iterator[tuple[datetime, datetime]]:
    """Days that follow each other, as [since, until), none longer than one statement reads."""
    numbered = [(day.toordinal() - place, day) for place, day in enumerate(days)]
    for _, run in groupby(numbered, key=lambda one: one[0]):
        together = [day for _, day in run]
        for first in range(0, len(together), _DAYS_AT_ONCE):
            part = together[first : first + _DAYS_AT_ONCE]
            yield _start(part[0]), _start(part[-1]) + DAY


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _engine(kpi: Kpi, what: str) -> str:
    return f"kpi {kpi.id} {what}"
