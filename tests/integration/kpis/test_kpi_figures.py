"""What each shipped KPI comes to on data whose figures were worked out by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.kpi import Dimension
from kpis.figures import Question, courses, figures
from kpis.fx import bring_rates_in
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.fx_rates import Rate
from storage.kpi_cases import CaseFilter, case_rows
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL, by, figure, keep

SHARE = Decimal("0.000000001")
# The two types of each handoff, and the object that goes through it.
HANDOFFS = {
    "quote_to_order": ("quote", "quote.approved", "order.created"),
    "order_activation": ("order", "order.approved", "order.posted"),
    "order_to_invoice": ("order", "order.approved", "invoice.issued"),
    "billing_setup": ("contract", "contract.activated", "billing.configured"),
    "invoice_to_crm": ("invoice", "invoice.posted", "invoice.visible_in_crm"),
    "payment_to_account": ("payment", "payment.received", "payment.visible_to_account"),
    "cash_application": ("payment", "payment.received", "payment.applied"),
}


def happened(number: int, type_: str, object_: str, hours: float = 0, **facts: Any) -> EventRow:
    return event_row(f"{type_}-{number}", type_, [object_], occurred_at=NOW + hours * HOUR, **facts)


def handoff_events(kpi: str) -> list[EventRow]:
    """Three that took 1, 2 and 6 hours, one that waits, and one that was late, too."""
    object_type, from_type, to_type = HANDOFFS[kpi]
    names = [f"{object_type}/X-{number}" for number in range(5)]
    money: dict[str, Any] = {"amount": "100.10", "currency": "EUR"}
    starts = [happened(number, from_type, name, **money) for number, name in enumerate(names)]
    ends = [happened(number, to_type, names[number], hours) for number, hours in enumerate((1, 2, 6))]
    return [*starts, *ends]


@pytest.mark.parametrize("name", HANDOFFS)
def test_a_handoff_is_measured_on_the_closed_and_shows_the_open_beside(embedded_store: Store, name: str) -> None:
    kpi = KPIS[name]
    keep(embedded_store, handoff_events(name), kpi)

    found = figure(embedded_store, kpi, NOW, NOW + 10 * HOUR)

    assert found.value == Decimal(2 * 3600)
    assert (found.closed.cases, found.closed.mean) == (3, 3 * 3600.0)
    assert found.closed.p90 == pytest.approx(5.2 * 3600)
    assert (found.closed.money.total, found.closed.money.unconverted) == (Decimal("300.30"), 0)
    assert (found.open.cases, found.open.median_seconds, found.open.oldest_seconds) == (2, 36000.0, 36000.0)
    assert found.open.money.total == Decimal("200.20")


def test_what_was_called_off_is_no_case(embedded_store: Store) -> None:
    kpi = KPIS["order_activation"]
    events = [
        happened(1, "order.approved", "order/O-1"),
        happened(1, "order.cancelled", "order/O-1", 2),
        happened(2, "order.approved", "order/O-2"),
        happened(2, "order.posted", "order/O-2", 1),
        happened(2, "order.cancelled", "order/O-2", 2),
    ]
    keep(embedded_store, events, kpi)

    found = figure(embedded_store, kpi)

    assert (found.value, found.closed.cases, found.open.cases) == (Decimal(3600), 1, 0)


MONEY = {
    "booked": ("order", "order.approved", None),
    "billed": ("invoice", "invoice.issued", "credit_note.posted"),
    "collected": ("payment", "payment.received", "payment.refunded"),
}


@pytest.mark.parametrize("name", MONEY)
def test_money_is_added_up_exactly_and_what_is_unknown_is_said(embedded_store: Store, name: str) -> None:
    object_type, adds, takes_off = MONEY[name]
    kpi = KPIS[name]
    events = [
        happened(1, adds, f"{object_type}/X-1", amount="0.10", currency="EUR"),
        happened(2, adds, f"{object_type}/X-2", amount="0.20", currency="EUR"),
        # Its object has an amount, and the event has none.
        happened(3, adds, f"{object_type}/X-1"),
    ]
    if takes_off:
        events.append(happened(4, takes_off, f"{object_type}/X-2", 1, amount="0.05", currency="EUR"))
    keep(embedded_store, events, kpi)

    found = figure(embedded_store, kpi)

    assert found.value == Decimal("0.25" if takes_off else "0.30")
    assert found.closed.money.unconverted == 1
    assert [(one.currency, one.cases) for one in found.closed.money.by_currency] == [
        (None, 1),
        ("EUR", 3 if takes_off else 2),
    ]


SHARES = {
    "billing_exception_rate": ("invoice", "invoice.issued", "invoice.voided"),
    "revenue_recognition_readiness": ("order", "order.fulfilled", "revenue.recognized"),
    "completion_rate": ("order", "order.approved", "order.fulfilled"),
}


@pytest.mark.parametrize("name", SHARES)
def test_a_share_is_of_those_that_began_in_the_stretch(embedded_store: Store, name: str) -> None:
    object_type, from_type, to_type = SHARES[name]
    kpi = KPIS[name]
    events = [
        *[happened(number, from_type, f"{object_type}/X-{number}") for number in range(3)],
        happened(0, to_type, f"{object_type}/X-0", 30),
        happened(9, from_type, f"{object_type}/X-9", 48),
    ]
    keep(embedded_store, events, kpi)

    found = figure(embedded_store, kpi, NOW - HOUR, NOW + HOUR)

    assert found.value == (Decimal(1) / 3).quantize(SHARE)
    assert found.closed.cases == 3


def test_corrections_by_hand_are_counted(embedded_store: Store) -> None:
    kpi = KPIS["manual_touches"]
    events = [happened(1, "invoice.voided", "invoice/I-1"), happened(2, "credit_note.posted", "invoice/I-1", 1)]
    keep(embedded_store, events, kpi)

    assert figure(embedded_store, kpi).value == Decimal(2)


def test_every_shipped_kpi_is_unknown_or_zero_of_nothing(embedded_store: Store) -> None:
    for kpi in KPIS.values():
        keep(embedded_store, [], kpi)
        found = figure(embedded_store, kpi)
        assert found.value == (Decimal(0) if kpi.statistic in ("sum", "total") else None)
        assert kpi.is_met(found.value) is None or kpi.unit == "count"


def test_figures_are_told_apart_and_filtered_by_every_dimension(embedded_store: Store) -> None:
    kpi = KPIS["booked"]
    stated: dict[str, Any] = {"legal_entity": "DE01", "region": "EMEA", "attributes": {"tier": "gold"}}
    other: dict[str, Any] = {
        "legal_entity": "FR01",
        "region": "APAC",
        "attributes": {"tier": "silver"},
        "source": "netsuite",
    }
    keep(
        embedded_store,
        [
            happened(1, "order.approved", "order/O-1", amount="1", currency="EUR", **stated),
            happened(2, "order.approved", "order/O-2", amount="2", currency="EUR", **other),
            happened(3, "order.approved", "order/O-3", amount="4", currency="EUR"),
        ],
        kpi,
    )

    assert by(embedded_store, kpi, Dimension.LEGAL_ENTITY) == {"": Decimal(4), "DE01": Decimal(1), "FR01": Decimal(2)}
    assert by(embedded_store, kpi, Dimension.REGION) == {"": Decimal(4), "EMEA": Decimal(1), "APAC": Decimal(2)}
    assert by(embedded_store, kpi, Dimension.SEGMENT) == {"": Decimal(4), "gold": Decimal(1), "silver": Decimal(2)}
    assert by(embedded_store, kpi, Dimension.SOURCE) == {"crm": Decimal(5), "netsuite": Decimal(2)}
    assert by(embedded_store, kpi, Dimension.CURRENCY) == {"EUR": Decimal(7)}
    chosen = {"legal_entity": "DE01", "region": "EMEA", "segment": "gold", "source": "crm", "currency": "EUR"}
    for name, value in chosen.items():
        only = CaseFilter({Dimension(name): [value]})
        expected = {"crm": Decimal(5), "EUR": Decimal(7)}.get(value, Decimal(1))
        assert sum(v or 0 for v in by(embedded_store, kpi, Dimension.SOURCE, only).values()) == expected


def test_the_stretch_before_is_of_the_same_length(embedded_store: Store) -> None:
    kpi = KPIS["booked"]
    days = (-3.5, -1.5, -0.5)
    events = [
        happened(number, "order.approved", f"order/O-{number}", 24 * day, amount=str(10**number), currency="EUR")
        for number, day in enumerate(days)
    ]
    keep(embedded_store, events, kpi)

    found = figure(embedded_store, kpi, NOW - 2 * DAY, NOW)

    assert (found.value, found.before) == (Decimal(110), Decimal(1))


def test_the_course_has_each_step_and_leaves_out_the_empty(embedded_store: Store) -> None:
    kpi = KPIS["booked"]
    events = [
        happened(number, "order.approved", f"order/O-{number}", hours, amount="5", currency="EUR")
        for number, hours in enumerate((0, 1, 49))
    ]
    keep(embedded_store, events, kpi)

    found = courses(embedded_store, [kpi], Question(NOW, NOW + 3 * DAY), DAY, SETTINGS.pricing)[kpi.id]

    assert {at: one.value for at, one in found.items()} == {NOW: Decimal(10), NOW + 2 * DAY: Decimal(5)}


def test_amounts_are_converted_at_the_rate_of_their_day_and_unknown_without_one(embedded_store: Store) -> None:
    kpi = KPIS["booked"]
    today = NOW.date()
    bring_rates_in(
        embedded_store,
        [
            Rate("USD", today - 3 * DAY, Decimal("0.9")),
            Rate("USD", today, Decimal("0.8")),
            Rate("GBP", today - 8 * DAY, Decimal("1.2")),
        ],
        NOW,
    )
    events = [
        happened(1, "order.approved", "order/O-1", -25, amount="100", currency="USD"),
        happened(2, "order.approved", "order/O-2", 0, amount="100", currency="USD"),
        # Its rate is eight days old, one more than rates may be.
        happened(3, "order.approved", "order/O-3", 0, amount="100", currency="GBP"),
        happened(4, "order.approved", "order/O-4", 0, amount="100", currency="JPY"),
        happened(5, "order.approved", "order/O-5", -24 * 5, amount="100", currency="USD"),
        happened(6, "order.approved", "order/O-6", 0, amount="1", currency="EUR"),
    ]
    keep(embedded_store, events, kpi)

    found = figure(embedded_store, kpi)

    assert (found.value, found.closed.money.unconverted) == (Decimal(90 + 80 + 1), 3)
    assert {one.currency: one.amount for one in found.closed.money.by_currency} == {
        "EUR": Decimal(1),
        "GBP": Decimal(100),
        "JPY": Decimal(100),
        "USD": Decimal(300),
    }


def test_another_reporting_currency_goes_by_the_rates_of_both_on_their_day(embedded_store: Store) -> None:
    kpi = KPIS["booked"]
    today = NOW.date()
    rates = [
        Rate("USD", today - DAY, Decimal("0.5")),
        Rate("USD", today, Decimal("0.8")),
        Rate("GBP", today, Decimal("1.2")),
    ]
    bring_rates_in(embedded_store, rates, NOW)
    events = [
        happened(1, "order.approved", "order/O-1", 0, amount="100", currency="GBP"),
        happened(2, "order.approved", "order/O-2", 0, amount="100", currency="EUR"),
        happened(3, "order.approved", "order/O-3", 0, amount="100", currency="USD"),
        happened(4, "order.approved", "order/O-4", -24, amount="100", currency="EUR"),
        # On its day nobody knew what pounds were worth.
        happened(5, "order.approved", "order/O-5", -24, amount="100", currency="GBP"),
        happened(6, "order.approved", "order/O-6", 0, amount="100", currency="JPY"),
    ]
    keep(embedded_store, events, kpi)

    def of(currency: str) -> tuple[Decimal | None, int, str]:
        [found] = figures(embedded_store, kpi, Question(SINCE, UNTIL), SETTINGS.pricing.into(currency))
        money = found.closed.money
        return found.value, money.unconverted, money.reporting_currency

    assert of("USD") == (Decimal(150 + 125 + 100 + 200), 2, "USD")
    assert of("") == (Decimal(120 + 100 + 80 + 100), 2, "EUR")
    # No rate leads into it: what is in it already is known, and nothing else.
    assert of("JPY") == (Decimal(100), 5, "JPY")


def test_rates_that_are_loaded_again_replace_those_before(embedded_store: Store) -> None:
    kpi = KPIS["booked"]
    keep(embedded_store, [happened(1, "order.approved", "order/O-1", amount="100", currency="USD")], kpi)
    first = [Rate("USD", NOW.date(), Decimal("0.9"))]

    assert bring_rates_in(embedded_store, first, NOW)
    assert not bring_rates_in(embedded_store, first, NOW + DAY)
    assert figure(embedded_store, kpi).value == Decimal(90)
    assert bring_rates_in(embedded_store, [], NOW + DAY)
    assert figure(embedded_store, kpi).value is None


def test_a_figure_is_followed_to_its_cases_page_by_page(embedded_store: Store) -> None:
    kpi = KPIS["order_activation"]
    keep(embedded_store, handoff_events("order_activation"), kpi)
    until = NOW + 10 * HOUR

    closed, total = case_rows(embedded_store, kpi, NOW, until, CaseFilter(), is_open=False, limit=2)
    rest, _ = case_rows(embedded_store, kpi, NOW, until, CaseFilter(), is_open=False, limit=2, offset=2)
    waiting, _ = case_rows(embedded_store, kpi, NOW, until, CaseFilter(), is_open=True, limit=9)

    assert total == 3
    assert [case.object_id for case in (*closed, *rest)] == ["X-2", "X-1", "X-0"]
    assert {case.object_id: case.value for case in waiting} == {"X-3": 36000.0, "X-4": 36000.0}


def test_events_that_come_three_times_change_no_figure(embedded_store: Store) -> None:
    kpi = KPIS["billed"]
    events = [
        happened(1, "invoice.issued", "invoice/I-1", amount="10", currency="EUR"),
        happened(1, "invoice.voided", "invoice/I-1", 3, amount="10", currency="EUR"),
        happened(2, "invoice.issued", "invoice/I-2", 1, amount="7", currency="EUR"),
    ]
    for number in range(3):
        insert_events(embedded_store, events)
        keep(embedded_store, [], kpi, NOW + (number + 4) * HOUR)

    assert figure(embedded_store, kpi).value == Decimal(7)
    assert figure(embedded_store, kpi).closed.cases == 3


@pytest.mark.parametrize(
    ("amount", "rate", "worth"),
    [
        pytest.param("10000000", "25000", Decimal(250_000_000_000), id="more than 1.7e11"),
        pytest.param("20000000000000000000", "1", Decimal(20_000_000_000_000_000_000), id="29 digits"),
        pytest.param("10000000000000000000000000000", "1000", None, id="more than can be kept is unknown"),
    ],
)
def test_large_amounts_are_converted_exactly_or_unknown(
    embedded_store: Store, amount: str, rate: str, worth: Decimal | None
) -> None:
    kpi = KPIS["booked"]
    bring_rates_in(embedded_store, [Rate("USD", NOW.date(), Decimal(rate))], NOW)
    keep(embedded_store, [happened(1, "order.approved", "order/O-1", amount=amount, currency="USD")], kpi)

    found = figure(embedded_store, kpi)

    assert (found.value, found.closed.money.unconverted) == (worth, int(worth is None))


def test_what_begins_or_ends_at_the_end_of_a_stretch_counts_in_the_next(embedded_store: Store) -> None:
    kpi = KPIS["order_activation"]
    events = [
        happened(1, "order.approved", "order/O-1"),
        happened(1, "order.posted", "order/O-1", 2),
        happened(2, "order.approved", "order/O-2", 2),
    ]
    keep(embedded_store, events, kpi)

    first, second = (figure(embedded_store, kpi, NOW + at * HOUR, NOW + (at + 2) * HOUR) for at in (0, 2))

    assert (first.closed.cases, first.open.cases) == (0, 1)
    assert (second.closed.cases, second.open.cases) == (1, 1)
    assert figure(embedded_store, KPIS["booked"], NOW - HOUR, NOW).open.cases == 0


def expected(number: int, amount: str, since: str, until: str, **facts: Any) -> EventRow:
    stated = {"from": since, "until": until}
    return happened(
        number,
        "forecast.stated",
        "forecast/DE01-2026-11",
        number,
        amount=amount,
        currency="EUR",
        attributes=stated,
        **facts,
    )


def test_what_is_billed_is_set_against_what_was_expected_last_of_the_same_days(embedded_store: Store) -> None:
    forecast, ratio = KPIS["forecast"], KPIS["forecast_to_actual"]
    events = [
        expected(0, "900", "2026-11-01", "2026-11-30"),
        expected(1, "300.01", "2026-11-01", "2026-11-30"),
        happened(1, "invoice.issued", "invoice/I-1", amount="25", currency="EUR"),
        happened(2, "invoice.issued", "invoice/I-2", 24, amount="15", currency="EUR"),
        happened(2, "invoice.voided", "invoice/I-2", 25, amount="15", currency="EUR"),
    ]
    keep(embedded_store, events, forecast)
    keep(embedded_store, [], ratio)
    begin, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)

    assert figure(embedded_store, forecast, begin, end).value == Decimal("300.01")
    assert figure(embedded_store, forecast, begin, begin + 3 * DAY).value == Decimal("30.000999999")
    found = figure(embedded_store, ratio, begin, end)
    assert (found.value, found.closed.cases) == ((Decimal(25) / Decimal("300.01")).quantize(SHARE), 3)
    # Nothing was billed on the first day.
    assert figure(embedded_store, ratio, begin, begin + DAY).value == Decimal(0)


def test_without_a_forecast_nothing_is_known_of_how_it_compares(embedded_store: Store) -> None:
    ratio = KPIS["forecast_to_actual"]
    wrong = [expected(0, "900", "November", "2026-11-30"), expected(1, "900", "2026-11-30", "2026-11-01")]
    keep(embedded_store, wrong, KPIS["forecast"])
    keep(embedded_store, [happened(1, "invoice.issued", "invoice/I-1", amount="25", currency="EUR")], ratio)

    assert figure(embedded_store, ratio).value is None
