"""KPIs kept on a store, for tests that ask what they came to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from domain.kpi import Dimension, Figure, Kpi
from kpis.catalog import SHIPPED, load_kpis
from kpis.config import KpiSettings, load_kpi_settings
from kpis.figures import Question, figures
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.fx_rates import Rate
from storage.kpi_cases import ALL_CASES, CaseFilter
from tests.builders import NOW

KPIS = load_kpis([SHIPPED])
SETTINGS = load_kpi_settings()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Everything that tests tell of lies in between.
SINCE, UNTIL = NOW - 40 * DAY, NOW + 40 * DAY


def keep(store: Store, events: Sequence[EventRow], kpi: Kpi, through: datetime = UNTIL) -> None:
    """Stores events, and brings a KPI up to date with what was received by `through`."""
    insert_events(store, list(events))
    KpiKeeper(store, {kpi.id: kpi}, SETTINGS).tick(through)


def figure(store: Store, kpi: Kpi, since: datetime = SINCE, until: datetime = UNTIL) -> Figure:
    """What a KPI came to, of all cases."""
    [found] = figures(store, kpi, Question(since, until), SETTINGS.pricing)
    return found


def by(store: Store, kpi: Kpi, dimension: Dimension, cases: CaseFilter = ALL_CASES) -> dict[str, Decimal | None]:
    """Its value for each value of a dimension."""
    found = figures(store, kpi, Question(SINCE, UNTIL, dimension, cases), SETTINGS.pricing)
    return {one.label or "": one.value for one in found}


def priced(rates: list[Rate]) -> KpiSettings:
    """The shipped settings with these rates."""
    return SETTINGS._replace(rates=rates)
