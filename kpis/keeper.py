"""Keeps the cases of KPIs in line with what arrives, and states what each came to on every day that is over.

What a tick does for one KPI it does in this order: note how far it goes, keep the cases, state the days, note how far
it came. A tick that was cut off is repeated to the instant that it noted, and so writes the same rows again.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from domain.errors import LeaseLost, StoreError, StoreUnreachable
from domain.instants import EPOCH
from domain.kpi import Dimension, Kpi, Origin, Statistic
from domain.kpi_watch import KpiWatch
from kpis.case_finding import find_cases, known_through
from kpis.config import KpiSettings
from kpis.figures import slices_of, value_of
from kpis.marks import engine_name
from kpis.watched_figures import WatchedFigures
from storage.client import Store
from storage.engine_state import Watermark, read_watermark, write_watermark
from storage.kpi_case_keeping import Span, arrivals
from storage.kpi_cases import ALL_CASES, SliceFigures, changed_days, sum_days
from storage.kpi_values import DayValue, Statement, read_statements, write_statements

DAY = timedelta(days=1)
# Days that one statement reads.
_DAYS_AT_ONCE = 400
_MICROSECOND = timedelta(microseconds=1)


class KpiKeeper:
    """Called now and then from one thread; nothing is kept in memory between calls."""

    def __init__(
        self, store: Store, kpis: Mapping[str, Kpi], settings: KpiSettings, watches: Iterable[KpiWatch] = ()
    ) -> None:
        """The rates of the settings are those of the store; `watches` are the figures that rules judge."""
        self._store = store
        self._watched = WatchedFigures(store, kpis, watches, settings.pricing)
        self._kpis = kpis
        self._settings = settings

    def tick(self, through: datetime) -> int:
        """Takes in all that was received by `through`, which no event still to come may precede; how many KPIs changed.

        StoreError names the KPIs that could not be kept; the others are.
        """
        if through <= EPOCH:
            return 0
        changed: set[str] = set()
        problems: dict[str, str] = {}
        # What was known at a full hour can be read while nothing that came after it is kept, and not later.
        for hour in self._watched.hours_due(through):
            for kpi in self._watched.kpis:
                self._attempt(kpi, hour, changed, problems)
            for kpi in self._watched.kpis:
                if kpi.id not in problems:
                    self._watched.read(kpi, hour)
        for kpi in self._kpis.values():
            self._attempt(kpi, through, changed, problems)
        if problems:
            raise StoreError("\n".join(problems.values()))
        return len(changed)

    def _attempt(self, kpi: Kpi, through: datetime, changed: set[str], problems: dict[str, str]) -> None:
        """Keeps one KPI unless it failed before: a later instant must not go before an earlier one."""
        if kpi.id in problems:
            return
        try:
            known = known_through(self._store, kpi, through)
            if known > EPOCH and self._take_in(kpi, known):
                changed.add(kpi.id)
        except (StoreUnreachable, LeaseLost):
            raise
        except StoreError as error:
            problems[kpi.id] = f"kpi {kpi.id}: {error}"

    def _take_in(self, kpi: Kpi, through: datetime) -> bool:
        kept, begun = self._mark(kpi, "kept"), self._mark(kpi, "begun")
        after = kept.evaluated_through if kept else None
        if begun is not None and (after is None or begun.evaluated_through > after):
            through = begun.evaluated_through
        if after is not None:
            through = max(through, after)
        segment = self._settings.segment
        has_other_segments = any(mark.rules_version != segment for mark in (kept, begun) if mark)
        stated, prices = self._mark(kpi, "stated"), self._prices(kpi)
        is_priced_anew = stated is None or stated.rules_version != prices
        if through == after and not has_other_segments and not is_priced_anew:
            return False
        begun_later = begun is not None and (after is None or begun.evaluated_through > after)
        if not (has_other_segments or is_priced_anew or begun_later) and self._brings_nothing(kpi, after, through):
            return False
        self._note(kpi, "begun", through, segment)
        span = Span(after, through, touched=after is not None and not has_other_segments)
        if after != through or not span.touched:
            find_cases(self._store, kpi, span, segment)
        base = self._mark(kpi.against, "kept") if kpi.against else None
        self._state(kpi, self._days(kpi, after, through, everything=is_priced_anew), through)
        if base is not None:
            self._note(kpi, "based", base.evaluated_through, "")
        self._note(kpi, "stated", through, prices)
        self._note(kpi, "kept", through, segment)
        return True

    def _brings_nothing(self, kpi: Kpi, after: datetime | None, through: datetime) -> bool:
        """Whether nothing arrived that its cases follow from and no day ended: a later tick takes it in as well."""
        is_of_events = kpi.cases.origin is Origin.MILESTONES and kpi.against is None
        if not is_of_events or after is None or after.date() != through.date():
            return False
        return not arrivals(self._store, kpi.cases.object_type, after, through)

    def _prices(self, kpi: Kpi) -> str:
        """A name of the rates and the currency that a KPI's statements follow from; empty where from none."""
        if not kpi.statistic.is_of_amounts:
            return ""
        return hashlib.sha256(repr((self._settings.pricing, self._settings.rates)).encode()).hexdigest()[:12]

    def _mark(self, kpi: Kpi, what: str) -> Watermark | None:
        return read_watermark(self._store, engine_name(kpi, what))

    def _note(self, kpi: Kpi, what: str, through: datetime, version: str) -> None:
        write_watermark(self._store, engine_name(kpi, what), Watermark(through, version), through)

    def _days(self, kpi: Kpi, after: datetime | None, through: datetime, *, everything: bool) -> list[date]:
        """The days that are over of which something is to be stated: they changed, or ended since the last tick."""
        today = through.date()
        found = set(changed_days(self._store, kpi, through - _MICROSECOND, through, today))
        if kpi.against is not None and (base := self._mark(kpi.against, "kept")) is not None:
            # It stands before this one, but a tick of its own that was cut off may have brought it less far.
            based = self._mark(kpi, "based")
            known = based.evaluated_through if based else after or EPOCH
            found |= set(changed_days(self._store, kpi.against, known, base.evaluated_through, today))
        if everything:
            statements = read_statements(self._store, kpi, EPOCH, through)
            found |= {statement.day.starts_at.date() for statement in statements}
        ended = after.date() if after is not None else through.date()
        while ended < through.date():
            found.add(ended)
            ended += DAY
        return sorted(found)

    def _state(self, kpi: Kpi, days: Sequence[date], now: datetime) -> None:
        currency = self._settings.pricing.currency if kpi.statistic is Statistic.TOTAL else ""
        for since, until in _runs(days):
            sum_days(self._store, kpi, [since.date() + number * DAY for number in range((until - since).days)])
            stated = {
                (one.day.starts_at, one.day.legal_entity): one
                for one in read_statements(self._store, kpi, since, until)
            }
            found = {(day.starts_at, day.legal_entity): day for day in self._found(kpi, since, until)}
            news = [day for key, day in found.items() if key not in stated or stated[key].day != day]
            # What is there no more is stated to be nothing; of a day that never was there is nothing to say.
            news += [
                DayValue(*key, value=value_of(kpi, None), cases=0, unconverted=0)
                for key, one in stated.items()
                if key not in found and one.day.cases
            ]
            dated = [(day, _after(stated.get((day.starts_at, day.legal_entity)), now)) for day in news]
            write_statements(self._store, kpi, currency, dated, DAY)

    def _found(self, kpi: Kpi, since: datetime, until: datetime) -> Iterator[DayValue]:
        for dimension in (None, Dimension.LEGAL_ENTITY):
            asked = (since, until, DAY, dimension, ALL_CASES, self._settings.pricing)
            for figure in slices_of(self._store, [kpi], *asked, asks_open=False)[kpi.id]:
                # Cases without a legal entity are in the figure of all.
                if bool(figure.label) == (dimension is not None):
                    yield _day_value(kpi, since + figure.slice * DAY, figure)


def _day_value(kpi: Kpi, starts_at: datetime, figures: SliceFigures) -> DayValue:
    is_money = kpi.statistic.is_of_amounts
    unconverted = figures.money.unconverted if is_money else 0
    value = value_of(kpi, figures)
    return DayValue(starts_at, figures.label, value, figures.cases, unconverted)


def _after(stated: Statement | None, now: datetime) -> datetime:
    """Now, or as soon as it is after what was stated before."""
    return now if stated is None else max(now, stated.stated_at + _MICROSECOND)


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
