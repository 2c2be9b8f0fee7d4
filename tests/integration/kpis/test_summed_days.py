"""Figures that add up summed days are those that are made of the cases themselves."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kpi import ClosedCases, Dimension, Figure
from kpis.figures import Question, figures
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.kpi_cases import ALL_CASES, CaseFilter
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, UNTIL
from tests.integration.kpis.test_kept_cases import HOURS, histories

NAMES = ("order_to_invoice", "billed", "revenue_recognition_readiness")
DIMENSIONS = (None, Dimension.LEGAL_ENTITY, Dimension.CURRENCY)
FILTERS = (ALL_CASES, CaseFilter({Dimension.LEGAL_ENTITY: ["DE01"]}))


def without_sums(store: Store) -> None:
    store.execute("TRUNCATE TABLE kpi_days")


def close(one: Figure) -> tuple[object, ...]:
    """A figure, its floats to nine digits: they are added up in another order."""
    closed: ClosedCases = one.closed
    measures = tuple(None if m is None else round(m, 9) for m in (closed.sum, closed.mean, closed.median, closed.p90))
    return one.label, one.value, one.before, closed.cases, measures, closed.money, one.open


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    events=histories(),
    ticks=st.lists(HOURS, max_size=2),
    name=st.sampled_from(NAMES),
    since=HOURS,
    length=st.integers(min_value=1, max_value=6).map(lambda number: number * DAY),
    dimension=st.sampled_from(DIMENSIONS),
    cases=st.sampled_from(FILTERS),
)
def test_the_quick_way_is_the_plain_one(
    engine: Engine,
    migrated_database: str,
    events: list[EventRow],
    ticks: list[timedelta],
    name: str,
    since: timedelta,
    length: timedelta,
    dimension: Dimension | None,
    cases: CaseFilter,
) -> None:
    engine.clear(migrated_database)
    kpi = KPIS[name]
    begin = NOW - 2 * DAY + since
    question = Question(begin, begin + length, dimension, cases)
    with Store(engine.dsn(migrated_database)) as store:
        insert_events(store, events)
        for tick in (*sorted(ticks), UNTIL - NOW):
            KpiKeeper(store, {kpi.id: kpi}, SETTINGS).tick(NOW + tick)
        quick = figures(store, kpi, question, SETTINGS.pricing)
        without_sums(store)
        plain = figures(store, kpi, question, SETTINGS.pricing)

    assert [close(one) for one in quick] == [close(one) for one in plain]


def test_whole_days_are_read_from_their_sums(embedded_store: Store) -> None:
    """Without this the test above would hold for sums that nobody reads."""
    kpi = KPIS["billed"]
    insert_events(embedded_store, [event_row("i", "invoice.issued", ["invoice/I-1"], amount="5", currency="EUR")])
    KpiKeeper(embedded_store, {kpi.id: kpi}, SETTINGS).tick(NOW + 3 * DAY)
    embedded_store.execute("TRUNCATE TABLE kpi_cases")

    [found] = figures(embedded_store, kpi, Question(NOW - DAY, NOW + DAY), SETTINGS.pricing)
    [part] = figures(embedded_store, kpi, Question(NOW - HOUR, NOW + HOUR), SETTINGS.pricing)

    assert (found.closed.cases, found.value, part.closed.cases) == (1, Decimal(5), 0)
