"""Why figures are unknown, or what is not in them; and sums that are too large to be exact."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.instants import EPOCH
from domain.kpi import Dimension
from domain.source_silence import SourceSilence
from kpis.figures import Question, figures
from kpis.fx import bring_rates_in
from storage.client import Store
from storage.events import EventRow
from storage.freshness import note_traffic
from storage.fx_rates import Rate
from storage.source_silences import write_silences
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, figure, keep

BOOKED, RATIO = KPIS["booked"], KPIS["forecast_to_actual"]


def booked(number: int, amount: str | None, currency: str, entity: str = "DE01", days: int = 0) -> EventRow:
    return event_row(
        f"e-{number}",
        "order.approved",
        [f"order/O-{number}"],
        amount=amount,
        currency=currency,
        legal_entity=entity,
        occurred_at=NOW + timedelta(days=days),
    )


def test_what_is_known_and_whole_has_no_reason(embedded_store: Store) -> None:
    keep(embedded_store, [booked(1, "10", "EUR")], BOOKED)
    assert (figure(embedded_store, BOOKED).value, figure(embedded_store, BOOKED).reason) == (Decimal(10), "")


def test_what_is_not_kept_yet_is_unknown_for_that(embedded_store: Store) -> None:
    found = figure(embedded_store, KPIS["order_activation"])
    assert (found.value, found.reason) == (None, "it is not kept yet: figures come with the next keeping")


@pytest.mark.parametrize(
    ("kpi", "reason"),
    [
        ("order_activation", "no case ended in this time"),
        ("message_latency", "message_latency was not measured in this time"),
        ("forecast_to_actual", "forecast, which it is set against, is nothing or unknown in this time"),
    ],
)
def test_nothing_to_tell_from_is_said(embedded_store: Store, kpi: str, reason: str) -> None:
    keep(embedded_store, [], KPIS[kpi])
    found = figure(embedded_store, KPIS[kpi])
    assert (found.value, found.reason) == (None, reason)


def test_a_source_that_is_silent_is_named(embedded_store: Store) -> None:
    kpi = KPIS["order_activation"]
    keep(
        embedded_store,
        [booked(1, "10", "EUR"), event_row("other", "invoice.posted", ["invoice/I-1"], source="erp")],
        kpi,
    )
    note_traffic(embedded_store, EPOCH, NOW + HOUR)
    silences = [SourceSilence(name, None, NOW, NOW + HOUR, None) for name in ("crm", "erp")]
    write_silences(embedded_store, silences, NOW + HOUR)

    found = figure(embedded_store, kpi, NOW, NOW + DAY)
    since = (NOW + HOUR).isoformat().replace("+00:00", "Z")
    assert found.reason == f"no case ended in this time; crm is silent since {since}"
    assert figure(embedded_store, kpi, NOW - DAY, NOW).reason == "no case ended in this time", "it spoke then"


def test_amounts_without_a_rate_or_without_any_are_told_apart_by_label(embedded_store: Store) -> None:
    bring_rates_in(embedded_store, [Rate("USD", date(2020, 1, 1), Decimal("0.9"))], NOW)
    events = [
        booked(1, "10", "USD"),
        booked(2, "10", "USD", days=1),
        booked(3, None, ""),
        booked(4, "5", "EUR"),
        booked(5, "10", "GBP", "FR01"),
    ]
    keep(embedded_store, events, BOOKED)

    question = Question(NOW - DAY, NOW + 3 * DAY, Dimension.LEGAL_ENTITY)
    found = {one.label: (one.value, one.reason) for one in figures(embedded_store, BOOKED, question, SETTINGS.pricing)}
    day = NOW.date()
    assert found == {
        "DE01": (
            Decimal(5),
            f"1 case without an amount; 2 cases in USD without a rate, first on {day} (none in the 7 days before it)",
        ),
        "FR01": (None, f"1 case in GBP without a rate, first on {day} (none in the 7 days before it)"),
    }


def test_in_another_currency_the_rate_that_is_missing_is_named(embedded_store: Store) -> None:
    bring_rates_in(embedded_store, [Rate("USD", NOW.date(), Decimal("0.5"))], NOW)
    keep(embedded_store, [booked(1, "10", "EUR"), booked(2, "10", "GBP"), booked(3, "10", "USD")], BOOKED)

    def reason(currency: str) -> str:
        pricing = SETTINGS.pricing.into(currency)
        [found] = figures(embedded_store, BOOKED, Question(NOW - DAY, NOW + DAY), pricing)
        return found.reason

    none = f"without a rate, first on {NOW.date()} (none in the 7 days before it)"
    assert reason("USD") == f"1 case in GBP {none}"
    # Euros and dollars have theirs; what they were in yen nobody knows.
    assert reason("JPY") == f"1 case in GBP {none}; 2 cases in JPY {none}"


LARGE = "99999999999999999999999999999"


@pytest.mark.parametrize("days", [0, 3], ids=["today", "summed days"])
def test_a_sum_that_is_too_large_is_unknown_and_never_another(embedded_store: Store, days: int) -> None:
    keep(embedded_store, [booked(number, LARGE, "EUR") for number in range(3)], BOOKED, NOW + (days + 1) * HOUR)
    keep(embedded_store, [], BOOKED, NOW + days * DAY + 2 * HOUR)

    found = figure(embedded_store, BOOKED)
    assert (found.value, found.reason) == (None, "the sum is too large to be held exactly")
    assert found.closed.money.by_currency[0].amount is None


@pytest.mark.parametrize("days", [0, 3], ids=["today", "summed days"])
def test_a_sum_that_just_fits_is_exact(embedded_store: Store, days: int) -> None:
    events = [booked(1, LARGE, "EUR"), booked(2, "-1", "EUR"), booked(3, "0.999999999", "EUR")]
    keep(embedded_store, events, BOOKED, NOW + HOUR)
    keep(embedded_store, [], BOOKED, NOW + days * DAY + 2 * HOUR)

    found = figure(embedded_store, BOOKED)
    assert (found.value, found.reason) == (Decimal("99999999999999999999999999998.999999999"), "")
