"""What waits behind a hop: worked out by hand from spans, events, alerts and duties of a small company."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.alert import AlertState
from domain.hop import Hop, HopFigures, HopKind
from kpis.hop_figures import hop_list
from kpis.hop_keeper import HopKeeper
from rules.cause_finding import CauseFinder
from storage.alerts import write_transitions
from storage.client import Store
from storage.engine_state import write_duties
from storage.events import EventRow, insert_events
from storage.fx_rates import Rate, write_rates
from storage.hops import MEASURED
from storage.kpi_cases import Pricing
from storage.series import signal_values
from tests.builders import NOW, alert, event_row
from tests.integration.kpis.hop_spans import MINUTE, call, insert_spans

ERP = Hop(HopKind.CALL, "middleware", "erp")
CRM = Hop(HopKind.CALL, "middleware", "crm")
EURO = Pricing("EUR", 7)
HOUR = timedelta(hours=1)


def trace(number: int) -> str:
    return f"{number:032x}"


def approved(number: int, amount: str | None = "100.00", currency: str = "EUR", **more: Any) -> EventRow:
    more = {"legal_entity": "DE01", "trace_id": trace(number), "occurred_at": NOW - 2 * HOUR, **more}
    return event_row(f"e-{number}", "order.approved", [f"order/O-{number}"], amount=amount, currency=currency, **more)


def hops(store: Store, at: datetime = NOW) -> dict[Hop, HopFigures]:
    HopKeeper(store).tick(at + 2 * MINUTE)
    CauseFinder(store).tick(at + 2 * MINUTE)
    return {one.hop: one for one in hop_list(store, at - HOUR, at + MINUTE, EURO).hops}


def late(number: int, amount: str | None = "100.00", currency: str | None = "EUR", **more: Any) -> Any:
    return alert(
        object=f"order/O-{number}",
        amount=None if amount is None else Decimal(amount),
        currency=currency,
        recorded_at=NOW,
        **{
            "labels": {"legal_entity": "DE01"},
            "started_at": NOW - 2 * HOUR,
            "trace_ids": (trace(number),),
            **more,
        },
    )


def test_what_waits_behind_a_failing_call_is_counted_by_currency_and_object(store: Store) -> None:
    write_rates(store, [Rate("USD", NOW.date() - timedelta(days=1), Decimal("0.5"))], NOW)
    insert_events(store, [approved(1), approved(2), approved(3), approved(4), approved(5, "900.00")])
    for number in (1, 2, 3, 4):
        insert_spans(store, *call(number, failed=True))
    insert_spans(store, *call(5))
    write_transitions(
        store,
        [
            late(1),
            # A second alert on the object; it counts once.
            late(1, name="OrderSlow"),
            late(2, "40.00", "USD", labels={"legal_entity": "US01"}),
            late(3, None, None),
            late(4, "70.00", "JPY"),
        ],
    )

    found = hops(store)

    waiting = found[ERP].waiting
    assert (waiting.objects, waiting.alerting, waiting.unknown) == (4, 4, 1)
    assert waiting.by_currency == {"EUR": Decimal(100), "JPY": Decimal(70), "USD": Decimal(40)}
    # Without an amount, or a rate for yen, nothing is guessed.
    assert (waiting.total, waiting.unconverted) == (Decimal(120), 2)
    assert waiting.oldest_at == NOW - 2 * HOUR
    assert found[ERP].backlog == 4
    # In dollars it goes by the same rates, which lead into euros.
    [in_dollars] = [one for one in hop_list(store, NOW - HOUR, NOW + MINUTE, EURO.into("USD")).hops if one.hop == ERP]
    assert (in_dollars.waiting.total, in_dollars.waiting.unconverted) == (Decimal(240), 2)


def test_amounts_with_as_many_digits_as_the_store_holds_are_added_up_exactly(store: Store) -> None:
    """With fewer digits an amount of a slip would keep hops, and what is kept after them, from being kept."""
    write_rates(store, [Rate("USD", NOW.date() - timedelta(days=1), Decimal("0.5"))], NOW)
    insert_events(store, [approved(1), approved(2)])
    insert_spans(store, *call(1, failed=True), *call(2, failed=True))
    large = "12345678901234567890123456789.123456789"
    write_transitions(store, [late(1, large), late(2, "0.000000002", "USD")])

    waiting = hops(store)[ERP].waiting

    assert (waiting.total, waiting.unconverted) == (Decimal("12345678901234567890123456789.123456790"), 0)


def test_open_duties_count_with_the_alerts_until_a_later_try_goes_well(store: Store) -> None:
    insert_events(store, [approved(1), approved(2, "30.00"), approved(3, None), approved(4)])
    insert_spans(store, *call(1, failed=True), *call(2, failed=True), *call(3, failed=True), *call(4, failed=True))
    write_transitions(store, [late(1)])
    write_duties(store, {("order", f"O-{number}"): NOW + HOUR for number in (1, 2, 3)}, NOW)
    waiting = hops(store)[ERP].waiting
    # O-4 has no duty: nobody waits for it.
    assert (waiting.objects, waiting.alerting, waiting.unknown, waiting.total) == (3, 1, 1, Decimal(130))

    insert_spans(store, *call(2, number=1, at=NOW + 5 * MINUTE))

    waiting = hops(store, NOW + 10 * MINUTE)[ERP].waiting
    assert (waiting.objects, waiting.total) == (2, Decimal(100))


def test_an_object_stands_behind_the_hop_where_it_failed_last_and_there_alone(store: Store) -> None:
    insert_events(store, [approved(1)])
    insert_spans(store, *call(1, failed=True), *call(1, number=1, at=NOW + MINUTE, service="crm", failed=True))
    write_transitions(store, [late(1)])
    write_duties(store, {("order", "O-1"): NOW + HOUR}, NOW)

    found = hops(store, NOW + 3 * MINUTE)

    assert [hop for hop, one in found.items() if one.waiting.objects] == [CRM]
    assert sum(one.waiting.objects for one in found.values()) == 1


def test_alerts_that_are_over_or_of_unknown_cause_stand_behind_no_hop(store: Store) -> None:
    insert_events(store, [approved(1), approved(2)])
    insert_spans(store, *call(1, failed=True), *call(2))
    write_transitions(store, [late(1, state=AlertState.RESOLVED, resolved_at=NOW), late(2)])

    assert {hop: one.waiting.objects for hop, one in hops(store).items()} == {ERP: 0}


def test_a_queue_tells_its_depth_and_holds_what_the_middleware_parked(store: Store) -> None:
    parked = {"queue": "erp.orders", "error": "schema", "hop": "middleware"}
    insert_events(
        store,
        [
            approved(1),
            approved(2, "50.00"),
            event_row("p-1", "middleware.dead_lettered", ["order/O-1"], source="middleware", attributes=parked),
            event_row("p-2", "middleware.dead_lettered", ["order/O-2"], source="middleware", attributes=parked),
            event_row(
                "p-3",
                "middleware.recovered",
                ["order/O-2"],
                source="middleware",
                occurred_at=NOW + MINUTE,
                attributes=parked,
            ),
            *(
                event_row(
                    f"q-{depth}",
                    MEASURED,
                    ["queue/erp.orders"],
                    source="middleware",
                    occurred_at=NOW - depth * MINUTE,
                    attributes={"depth": str(depth), "oldest_at": "2026-11-02T11:00:00Z"},
                )
                for depth in (17, 4)
            ),
            event_row("q-x", MEASURED, ["queue/tax"], source="middleware", attributes={"depth": "many"}),
        ],
    )
    write_transitions(store, [late(1, trace_ids=())])

    found = hops(store, NOW + 3 * MINUTE)

    queue = found[Hop(HopKind.QUEUE, "", "erp.orders")]
    assert (queue.backlog, queue.rate, queue.traffic) == (4, None, None)
    assert queue.queue is not None
    assert (queue.queue.parked, queue.queue.oldest_at) == (1, NOW - HOUR)
    assert (queue.waiting.objects, queue.waiting.total) == (1, Decimal(100))
    # What is no number is no depth.
    assert found[Hop(HopKind.QUEUE, "", "tax")].backlog is None


def test_a_backlog_that_a_threshold_rule_sees_is_what_waits_behind_the_hop_that_is_down(store: Store) -> None:
    insert_events(store, [approved(number) for number in range(1, 8)])
    for number in range(1, 8):
        insert_spans(store, *call(number, failed=number < 6))
    posted = [event_row(f"p-{n}", "order.posted", [f"order/O-{n}"], source="erp", trace_id=trace(n)) for n in (6, 7)]
    insert_events(store, posted)
    write_transitions(store, [late(1), late(2)])
    write_duties(store, {("order", f"O-{number}"): NOW + HOUR for number in range(1, 6)}, NOW)

    pair = {"object_type": "order", "from_type": "order.approved", "to_type": "order.posted"}
    asked = {"per": [], "first": NOW, "steps": 1, "known_at": NOW, **pair}
    [[_, _, backlog]] = signal_values(store, "backlog", asked)

    assert hops(store)[ERP].backlog == backlog == 5
