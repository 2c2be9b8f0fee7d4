"""The console's reads of KPIs, each kept for a while so that many readers cost as much as one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import streamlit as st

from dashboard.components.filters import RANGES
from dashboard.framing import EVERYTHING, Frame
from dashboard.money_in import amount_in
from dashboard.reads import STEADY, now
from dashboard.session import current
from domain.kpi import Dimension, Figure, Kpi, Unit
from kpis.figures import Question, courses, figures, figures_of
from storage.kpi_cases import CaseFilter, CaseRow, case_rows
from storage.kpi_values import Statement, read_statements

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class KpiFigure(NamedTuple):
    """A KPI and what it came to."""

    kpi: Kpi
    figure: Figure


@dataclass(frozen=True, slots=True)
class KpiRange:
    """A stretch of time that figures are about: one up to now, or an accounting period by its name."""

    name: str
    words: str
    before: str
    since: datetime
    until: datetime
    before_since: datetime


def kpis() -> Mapping[str, Kpi]:
    """The KPIs by id."""
    return current().kpis


def period_names(frame: Frame) -> tuple[str, str]:
    """The running accounting period and the one before it: of one legal entity its own, else the usual one."""
    scheme = current().periods.scheme(_only_one(frame.entities))
    running = scheme.period(now())
    return running.name, scheme.before(running).name


def kpi_range(name: str, frame: Frame) -> KpiRange:
    """The stretch of time of that name; of a period, which legal entities may cut in several ways, of these."""
    if name in RANGES:
        chosen, until = RANGES[name], now()
        since = until - chosen.length
        return KpiRange(name, chosen.words, chosen.before, since, until, since - chosen.length)
    scheme = current().periods.scheme(_only_one(frame.entities))
    period = scheme.require(name)
    since, until = scheme.bounds(period)
    before = scheme.before(period)
    before_since, _ = scheme.bounds(before)
    return KpiRange(name, f"period {name}", f"period {before.name}", since, until, before_since)


@st.cache_data(ttl=STEADY, show_spinner=False)
def kpi_figures(range_name: str, frame: Frame) -> list[KpiFigure]:
    pricing = current().pricing.into(frame.currency)
    found: dict[str, list[Figure]] = {}
    for asked, some in _asked(current().kpis, range_name, frame):
        found |= figures_of(current().store, some, asked, pricing)
    return [KpiFigure(targeted(kpi, frame), figure) for name, kpi in kpis().items() for figure in found[name]]


@st.cache_data(ttl=STEADY, show_spinner=False)
def kpi_by(kpi: str, dimension: Dimension, range_name: str, frame: Frame) -> list[Figure]:
    """What a KPI came to for each value of a dimension."""
    asked = replace(question(current().kpis[kpi], range_name, frame), dimension=dimension)
    return figures(current().store, current().kpis[kpi], asked, current().pricing.into(frame.currency))


class KpiCourses(NamedTuple):
    """The figures of KPIs, by id, in even steps, and when each step begins; a step without cases is absent."""

    of: Mapping[str, Mapping[datetime, Figure]]
    steps: list[datetime]


@st.cache_data(ttl=STEADY, show_spinner=False)
def kpi_courses(names: tuple[str, ...], range_name: str, frame: Frame) -> KpiCourses:
    """In whole days (UTC), or hours of a single day."""
    range_ = kpi_range(range_name, frame)
    step = _DAY if range_.until - range_.since > 2 * _DAY else _HOUR
    begin = datetime.combine(range_.since.date(), time(), UTC)
    since = begin + -(-(range_.since - begin) // step) * step
    until = min(range_.until, now())
    found: dict[str, dict[datetime, Figure]] = {}
    pricing = current().pricing.into(frame.currency)
    for asked, some in _asked(names, range_name, frame):
        found |= courses(current().store, some, replace(asked, since=since), step, pricing)
    return KpiCourses(found, [since + number * step for number in range(-(-(until - since) // step))])


@st.cache_data(ttl=STEADY, show_spinner=False)
def kpi_cases(
    kpi: str, range_name: str, frame: Frame, is_open: bool, limit: int, offset: int
) -> tuple[list[CaseRow], int]:
    asked = question(current().kpis[kpi], range_name, frame)
    return case_rows(
        current().store,
        current().kpis[kpi],
        asked.since,
        asked.until,
        asked.cases,
        is_open=is_open,
        limit=limit,
        offset=offset,
    )


@st.cache_data(ttl=STEADY, show_spinner=False)
def kpi_statements(kpi: str, range_name: str) -> list[Statement]:
    """What was stated of all legal entities together on the days of a stretch of time."""
    chosen = kpi_range(range_name, EVERYTHING)
    found = read_statements(current().store, current().kpis[kpi], chosen.since, chosen.until)
    return [statement for statement in found if not statement.day.legal_entity]


def _asked(names: Iterable[str], range_name: str, frame: Frame) -> list[tuple[Question, list[Kpi]]]:
    """What is asked of KPIs, each time of all that the same is asked of: one look at the store for all of those."""
    found: list[tuple[Question, list[Kpi]]] = []
    for kpi in (current().kpis[name] for name in names):
        asked = question(kpi, range_name, frame)
        same = next((some for other, some in found if other.cases == asked.cases), None)
        if same is None:
            found.append((asked, [kpi]))
        else:
            same.append(kpi)
    return found


def question(kpi: Kpi, range_name: str, frame: Frame) -> Question:
    """What is asked of a KPI by a stretch of time, legal entities and regions."""
    chosen = kpi_range(range_name, frame)
    asked = {Dimension.LEGAL_ENTITY: frame.entities, Dimension.REGION: frame.regions}
    reading = kpi.cases.reading
    cases = CaseFilter(
        {
            dimension: values
            for dimension, values in asked.items()
            # A signal that is not told apart by it has no case of any: that would read as nothing wrong.
            if values and (reading is None or dimension.value in reading.per)
        }
    )
    return Question(chosen.since, chosen.until, cases=cases, before_since=chosen.before_since)


def is_of_all(kpi: Kpi, frame: Frame) -> bool:
    """Whether a KPI cannot follow all that the frame chooses: systems know no legal entity."""
    reading = kpi.cases.reading
    return reading is not None and any(
        chosen and dimension.value not in reading.per
        for dimension, chosen in ((Dimension.LEGAL_ENTITY, frame.entities), (Dimension.REGION, frame.regions))
    )


def targeted(kpi: Kpi, frame: Frame) -> Kpi:
    """A KPI with its target in the frame's currency: targets of money are given in the usual one."""
    usual = current().pricing.currency
    if kpi.unit is not Unit.MONEY or kpi.target is None or frame.currency in ("", usual):
        return kpi
    return replace(kpi, target=amount_in(kpi.target, usual, frame.currency))


def _only_one(entities: tuple[str, ...]) -> str | None:
    return entities[0] if len(entities) == 1 else None
