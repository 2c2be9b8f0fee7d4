"""Hops as commands, the API and Prometheus tell them: the same figures everywhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from domain.calendar import Calendar, OpenHours
from domain.errors import UsageError
from domain.hop import Hop, HopKind
from domain.period import Cutoff, Months, Periods, PeriodScheme
from kpis.hop_keeper import HopKeeper
from kpis.hop_outlook import hop_outlooks
from milepost.hop_keeping import HopKeeping
from milepost.settings import Settings
from rules.cause_finding import CauseFinder
from storage.alerts import write_transitions
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.hops import MEASURED, queues
from storage.kpi_cases import Pricing
from tests.builders import NOW, alert, event_row
from tests.integration.kpis.hop_spans import MINUTE, SECOND, call, insert_spans
from tests.integration.milepost.places import PLACES, answers_at

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
ERP = Hop(HopKind.CALL, "middleware", "erp")
SETTINGS, EURO = Settings(), Pricing("EUR", 7)
STRETCH = (NOW - 10 * MINUTE, NOW)


def posted(number: int, weeks: int, amount: str | None = "70.00", entity: str = "DE01") -> EventRow:
    """An order that was posted an hour after NOW's hour, so many weeks ago."""
    at = NOW - weeks * WEEK + HOUR
    more = {"occurred_at": at, "amount": amount, "currency": "EUR", "legal_entity": entity}
    return event_row(f"w-{number}", "order.posted", [f"order/W-{number}"], source="erp", **more)  # type: ignore[arg-type]


@pytest.fixture
def kept(embedded_store: Store) -> Store:
    """A failing hop that an order of 100 EUR waits behind, and what arrived over it in the weeks before."""
    at = NOW - 5 * MINUTE
    answer = event_row(
        "p-9",
        "order.posted",
        ["order/O-9"],
        source="erp",
        occurred_at=at,
        trace_id=f"{9:032x}",
        amount="1.00",
        currency="EUR",
    )
    answer.span_id = "s9-0"
    insert_events(
        embedded_store,
        [
            event_row("a-1", occurred_at=NOW - 2 * HOUR, trace_id=f"{1:032x}", amount="100.00", currency="EUR"),
            answer,
            *(posted(number, weeks) for number, weeks in enumerate((1, 1, 2, 3, 4, 4, 4, 5))),
        ],
    )
    insert_spans(embedded_store, *call(1, at=at, failed=True), *call(9, at=at, milliseconds=300))
    late = alert(trace_ids=(f"{1:032x}",), amount=Decimal(100), labels={"legal_entity": "DE01"}, started_at=NOW - HOUR)
    write_transitions(embedded_store, [late])
    CauseFinder(embedded_store).tick(NOW)
    HopKeeper(embedded_store).tick(NOW)
    return embedded_store


@pytest.mark.parametrize("place", PLACES)
def test_a_hop_says_how_it_goes_and_what_waits(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        found = answers.hops(SETTINGS, *STRETCH)

    assert (found["counted_through"], found["reporting_currency"]) == ("2026-11-02T12:00:00Z", "EUR")
    [row] = found["hops"]
    assert row == {
        "hop": "middleware->erp",
        "kind": "call",
        "name": "middleware → erp",
        "from_service": "middleware",
        "to_service": "erp",
        "from": "2026-11-02T11:50:00Z",
        "to": "2026-11-02T12:00:00Z",
        "rate_per_minute": 0.2,
        "calls": 2,
        "failed": 1,
        "error_rate": 0.5,
        "p50_seconds": 0.3,
        "p95_seconds": 0.3,
        "p99_seconds": 0.3,
        "backlog": 1,
        "parked": None,
        "oldest_at": None,
        "measured_at": None,
        "waiting": {
            "objects": 1,
            "alerting": 1,
            "oldest_at": "2026-11-02T11:00:00Z",
            "money": [{"currency": "EUR", "amount": "100.00"}],
            "unknown": 0,
            "total": "100.00",
            "currency": "EUR",
            "unconverted": 0,
        },
    }


@pytest.mark.parametrize("place", PLACES)
def test_a_hop_that_there_is_not_is_refused_with_where_to_look(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers, pytest.raises(UsageError) as refused:
        answers.hop(SETTINGS, "crm->moon", *STRETCH)

    assert str(refused.value) == (
        "there is no hop 'crm->moon' in this stretch of time; `milepost hops list` shows them"
    )


def test_prometheus_sees_the_same_and_nothing_of_what_is_unknown(kept: Store) -> None:
    registry = CollectorRegistry()
    HopKeeping(registry).run(kept, NOW + 15 * SECOND, NOW + 15 * SECOND, EURO)

    labels = {"kind": "call", "from_service": "middleware", "to_service": "erp"}
    value = registry.get_sample_value
    assert value("milepost_hop_calls_per_minute", labels) == 0.4
    assert value("milepost_hop_error_rate", labels) == 0.5
    assert value("milepost_hop_latency_seconds", {**labels, "quantile": "0.95"}) == 0.3
    assert value("milepost_hop_backlog", labels) == 1
    assert value("milepost_hop_waiting_objects", labels) == 1
    assert value("milepost_hop_waiting_amount", {**labels, "currency": "EUR"}) == 100

    later = CollectorRegistry()
    HopKeeping(later).run(kept, NOW + HOUR, NOW + HOUR, EURO)
    assert later.get_sample_value("milepost_hop_error_rate", labels) is None
    assert later.get_sample_value("milepost_hop_waiting_objects", labels) == 1


def test_an_event_that_took_long_to_be_stored_is_kept_with_the_others(kept: Store) -> None:
    """An insert may wait for the store longer than spans do; no other way is the event received again."""
    queue = Hop(HopKind.QUEUE, "", "erp.orders")
    keeping = HopKeeping(CollectorRegistry())
    keeping.run(kept, NOW + MINUTE, NOW + 5 * MINUTE, EURO)
    told = {"source": "middleware", "attributes": {"depth": "4"}, "received_at": NOW + 2 * MINUTE}
    insert_events(kept, [event_row("q", MEASURED, ["queue/erp.orders"], **told)])  # type: ignore[arg-type]

    keeping.run(kept, NOW + 6 * MINUTE, NOW + 6 * MINUTE, EURO)

    assert queues(kept, NOW + 6 * MINUTE)[queue].depth == 4


def test_until_the_cutoff_waits_what_waits_now_and_what_usually_arrives(kept: Store) -> None:
    [outlook] = hop_outlooks(kept, ERP, Periods(), NOW, EURO)

    # November ends in 28.5 days: stretches as long lie five weeks apart, and none before is known whole.
    assert (outlook.legal_entity, outlook.period) == ("DE01", "2026-11")
    assert (outlook.objects, outlook.amount) == (1, Decimal(100))
    assert outlook.expected.weeks == 0
    assert (outlook.at_cutoff, outlook.confidence) == (None, "unknown")


def test_how_much_usually_arrives_is_the_mean_of_the_weeks_before(kept: Store) -> None:
    at = NOW + 26 * DAY
    arrived = ((1, "10.00"), (2, "20.00"), (3, "30.00"), (4, "40.00"), (4, "8.00"))
    more = {"source": "erp", "currency": "EUR", "legal_entity": "DE01"}
    insert_events(
        kept,
        [
            event_row(
                f"x-{number}",
                "order.posted",
                [f"order/X-{number}"],
                occurred_at=at - weeks * WEEK + HOUR,
                received_at=at - MINUTE,
                amount=amount,
                **more,  # type: ignore[arg-type]
            )
            for number, (weeks, amount) in enumerate(arrived)
        ],
    )

    HopKeeper(kept).tick(at)

    outlooks = {one.legal_entity: one for one in hop_outlooks(kept, ERP, Periods(), at, EURO)}

    usual = outlooks["DE01"].expected
    assert (usual.weeks, usual.least, usual.most) == (4, Decimal(10), Decimal(48))
    assert usual.amount == Decimal("27.00")
    assert outlooks["DE01"].at_cutoff == Decimal("127.00")
    assert outlooks["DE01"].confidence == "low"


def test_a_period_that_is_still_being_closed_is_the_one_that_the_close_is_about(kept: Store) -> None:
    """September's cutoff comes before October's, also when October is over."""
    slow = PeriodScheme(
        "slow", Months(), "UTC", Cutoff(35, Calendar("all", "UTC", ((OpenHours(timedelta(0), DAY),),) * 7))
    )

    outlooks = hop_outlooks(kept, ERP, Periods(slow), NOW, EURO)

    assert [outlook.period for outlook in outlooks if outlook.objects] == ["2026-09"]
    assert slow.closing(NOW).name == "2026-09"
