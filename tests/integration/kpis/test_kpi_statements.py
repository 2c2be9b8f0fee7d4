"""What was stated of each day that is over, and how late events restate it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from kpis.fx import bring_rates_in
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.fx_rates import Rate
from storage.kpi_values import Statement, read_statements
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, keep, priced
from tests.integration.kpis.test_kept_cases import CutOff

KPI = KPIS["booked"]
FIRST_DAY = datetime(2026, 11, 2, tzinfo=UTC)


def approved(number: int, days: float, received_after: timedelta = timedelta(0), **facts: str) -> EventRow:
    at = FIRST_DAY + days * DAY
    stated: dict[str, Any] = {"amount": "10", "currency": "EUR", **facts}
    return event_row(
        f"e-{number}",
        "order.approved",
        [f"order/O-{number}"],
        occurred_at=at,
        received_at=at + received_after,
        **stated,
    )


def statements(store: Store) -> list[Statement]:
    return read_statements(store, KPI, FIRST_DAY - 30 * DAY, FIRST_DAY + 30 * DAY)


def told(store: Store) -> list[tuple[int, str, Decimal | None, bool]]:
    """The day counted from the first, the legal entity, the value, and whether it is restated."""
    return [
        ((one.day.starts_at - FIRST_DAY).days, one.day.legal_entity, one.day.value, one.is_restated)
        for one in statements(store)
    ]


def test_a_day_is_stated_once_it_is_over(embedded_store: Store) -> None:
    insert_events(embedded_store, [approved(1, 0.5), approved(2, 1.5, legal_entity="DE01")])
    keeper = KpiKeeper(embedded_store, {KPI.id: KPI}, SETTINGS)

    keeper.tick(FIRST_DAY + 0.9 * DAY)
    assert told(embedded_store) == []
    keeper.tick(FIRST_DAY + DAY)
    assert told(embedded_store) == [(0, "", Decimal(10), False)]
    keeper.tick(FIRST_DAY + 2 * DAY)
    assert told(embedded_store) == [
        (0, "", Decimal(10), False),
        (1, "", Decimal(10), False),
        (1, "DE01", Decimal(10), False),
    ]


def test_a_late_event_restates_its_day_and_leaves_what_was_stated_first_to_be_seen(embedded_store: Store) -> None:
    insert_events(embedded_store, [approved(1, 0.5), approved(2, 0.6, received_after=3 * DAY, amount="2.50")])
    keeper = KpiKeeper(embedded_store, {KPI.id: KPI}, SETTINGS)
    keeper.tick(FIRST_DAY + 2 * DAY)
    keeper.tick(FIRST_DAY + 4 * DAY)

    [statement] = statements(embedded_store)

    assert (statement.day.value, statement.day.cases) == (Decimal("12.50"), 2)
    assert (statement.first_value, statement.statements) == (Decimal(10), 2)
    assert statement.stated_at == FIRST_DAY + 4 * DAY


def test_a_day_whose_cases_moved_away_is_restated_to_nothing(embedded_store: Store) -> None:
    kpi = KPIS["order_to_invoice"]
    approved_at = FIRST_DAY + HOUR
    rows = [
        event_row("a", "order.approved", ["order/O-1"], occurred_at=approved_at),
        event_row("i", "invoice.issued", ["order/O-1"], occurred_at=approved_at + 2 * DAY),
        event_row(
            "j", "invoice.issued", ["order/O-1"], occurred_at=approved_at + DAY, received_at=approved_at + 9 * DAY
        ),
    ]
    insert_events(embedded_store, rows)
    keeper = KpiKeeper(embedded_store, {kpi.id: kpi}, SETTINGS)
    keeper.tick(FIRST_DAY + 5 * DAY)
    keeper.tick(FIRST_DAY + 10 * DAY)

    found = read_statements(embedded_store, kpi, FIRST_DAY, FIRST_DAY + 30 * DAY)

    assert [((one.day.starts_at - FIRST_DAY).days, one.day.value, one.first_value) for one in found] == [
        (1, Decimal(86400), Decimal(86400)),
        (2, None, Decimal(172800)),
    ]


def test_what_did_not_change_is_not_stated_again(embedded_store: Store) -> None:
    keep(embedded_store, [approved(1, 0.5)], KPI, FIRST_DAY + 2 * DAY)
    keep(embedded_store, [approved(2, 2.5)], KPI, FIRST_DAY + 4 * DAY)
    keep(embedded_store, [], KPI, FIRST_DAY + 5 * DAY)

    assert told(embedded_store) == [(0, "", Decimal(10), False), (2, "", Decimal(10), False)]


def test_other_rates_restate_the_days_they_change(embedded_store: Store) -> None:
    keep(embedded_store, [approved(1, 0.5, currency="USD"), approved(2, 1.5)], KPI, FIRST_DAY + 2 * DAY)
    assert [(one.day.value, one.day.unconverted) for one in statements(embedded_store)] == [(None, 1), (Decimal(10), 0)]
    rates = [Rate("USD", FIRST_DAY.date(), Decimal("0.5"))]
    bring_rates_in(embedded_store, rates, NOW)

    KpiKeeper(embedded_store, {KPI.id: KPI}, priced(rates)).tick(FIRST_DAY + 2.5 * DAY)

    assert told(embedded_store) == [(0, "", Decimal(5), True), (1, "", Decimal(10), False)]


def test_a_ratio_is_restated_for_what_a_tick_that_was_cut_off_wrote_of_what_it_is_set_against(
    embedded_store: Store,
) -> None:
    """What it is set against is then kept to where that tick went, and the ratio further."""
    base, ratio = KPIS["forecast"], KPIS["forecast_to_actual"]
    stretch = {"from": "2026-11-02", "until": "2026-11-02"}
    one = ("forecast.stated", ["forecast/DE01-2026-11"])
    billed = event_row("i", "invoice.issued", ["invoice/I-1"], occurred_at=FIRST_DAY, amount="50", currency="EUR")
    stated = [
        event_row(f"f-{at}", *one, occurred_at=at, received_at=at, amount=amount, currency="EUR", attributes=stretch)
        for at, amount in ((FIRST_DAY, "100"), (FIRST_DAY + 2.5 * DAY, "200"))
    ]
    insert_events(embedded_store, [billed, *stated])
    both = KpiKeeper(embedded_store, {base.id: base, ratio.id: ratio}, SETTINGS)
    both.tick(FIRST_DAY + 2 * DAY)
    cut_off = CutOff(embedded_store, {base.id: base}, SETTINGS)
    cut_off.is_cut_off = True
    cut_off.tick(FIRST_DAY + 3 * DAY)

    both.tick(FIRST_DAY + 3.5 * DAY)

    [day] = [
        one for one in read_statements(embedded_store, ratio, FIRST_DAY, FIRST_DAY + DAY) if not one.day.legal_entity
    ]
    assert (day.day.value, day.first_value) == (Decimal("0.25"), Decimal("0.5"))
