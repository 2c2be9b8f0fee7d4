"""A journey is found whole from any of its ids, and holds nothing that is not its own."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from domain.alert import AlertState
from domain.business_object import BusinessObject
from storage.alerts import write_transitions
from storage.client import Store
from storage.events import insert_events
from storage.trace_view import Journey, find_journey
from storage.traces import insert_traces
from tests.browser.stuck_order import ERROR, RUN, STUCK, TRACE, TRIES, seed_stuck_order
from tests.builders import alert, event_row, otlp_request, span
from tests.integration.dashboard.merged_run import seed_merged_run


def _found(store: Store, text: str) -> Journey:
    journey = find_journey(store, text)
    assert journey is not None
    return journey


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("O-1001", id="by the order's id"),
        pytest.param(STUCK, id="by the order's type and id"),
        pytest.param("Q-1001", id="by the quote it came from"),
        pytest.param(RUN, id="by its correlation id"),
        pytest.param(TRACE, id="by a trace id"),
    ],
)
def test_a_journey_is_found_whole_from_any_of_its_ids(store: Store, now: datetime, text: str) -> None:
    seed_stuck_order(store, now)

    journey = _found(store, text)

    assert [str(each) for each in journey.objects] == ["quote/Q-1001", "order/O-1001", "customer/C-9"]
    assert [event.type for event in journey.events] == [
        "quote.approved",
        "order.created",
        "order.approved",
        "order.transmitted",
    ]
    assert (len(journey.spans), len(journey.alerts), journey.correlation_ids) == (2 * TRIES, 1, (RUN,))
    assert {each.error for each in journey.spans} == {ERROR}
    assert not journey.is_cut


def test_a_customer_does_not_glue_its_orders_together(store: Store, now: datetime) -> None:
    seed_stuck_order(store, now)

    assert "order/O-2002" not in map(str, _found(store, "O-1001").objects)
    assert "order/O-2002" in map(str, _found(store, "C-9").objects)


def test_what_nobody_has_heard_of_is_not_found(store: Store, now: datetime) -> None:
    seed_stuck_order(store, now)

    assert find_journey(store, "O-9") is None
    assert find_journey(store, "invoice/O-1001") is None
    assert find_journey(store, "' OR 1=1 --") is None


def test_an_id_with_a_slash_of_its_own_is_found(store: Store) -> None:
    row = event_row()
    row.objects = [("order", "2026/17", "")]
    insert_events(store, [row])

    assert (
        _found(store, "2026/17").asked == _found(store, "order/2026/17").asked == (BusinessObject("order", "2026/17"),)
    )


def test_an_id_of_two_objects_finds_both(store: Store) -> None:
    insert_events(store, [event_row("1", objects=["order/77"]), event_row("2", objects=["invoice/77"])])

    assert sorted(map(str, _found(store, "77").asked)) == ["invoice/77", "order/77"]
    assert _found(store, "invoice/77").asked == (BusinessObject("invoice", "77"),)


def test_links_are_followed_from_quote_to_payment(store: Store, now: datetime) -> None:
    chain = ["quote/Q", "order/O", "invoice/I", "payment/P"]
    insert_events(
        store,
        [
            event_row(str(number), f"step.{number}", [chain[number], chain[number + 1]], occurred_at=now)
            for number in range(3)
        ],
    )

    assert {str(each) for each in _found(store, "Q").objects} == set(chain)


def test_a_journey_too_long_to_show_says_that_it_is_cut(store: Store) -> None:
    insert_events(
        store, [event_row(str(number), objects=["payment/P", f"invoice/I-{number}"]) for number in range(250)]
    )

    journey = _found(store, "P")

    assert journey.is_cut
    assert len(journey.objects) == 200


def test_repeated_events_and_spans_are_shown_once(store: Store, now: datetime) -> None:
    for _ in range(3):
        seed_stuck_order(store, now)

    journey = _found(store, "O-1001")

    assert (len(journey.events), len(journey.spans)) == (4, 2 * TRIES)


def test_a_span_keeps_its_exception(store: Store, now: datetime) -> None:
    failed = span(error="gone wrong", attributes={"correlation.id": "run-1"})
    thrown = failed.events.add(name="exception")
    thrown.attributes.add(key="exception.type").value.string_value = "Timeout"
    thrown.attributes.add(key="exception.message").value.string_value = "30 s passed"
    insert_traces(store, [otlp_request(failed).SerializeToString()])

    (shown,) = _found(store, "run-1").spans

    assert shown.error == "Timeout: 30 s passed"
    assert shown.duration == timedelta(milliseconds=250)


def test_an_alert_says_since_when_it_was_at_risk(store: Store, now: datetime) -> None:
    insert_events(store, [event_row()])
    at_risk_at = now - timedelta(hours=1)
    write_transitions(store, [alert(state=AlertState.AT_RISK, changed_at=at_risk_at), alert(version=2)])
    write_transitions(store, [alert("Other", amount=Decimal(1), version=1)])

    by_rule = {each.rule: each.at_risk_at for each in _found(store, "O-1001").alerts}

    assert by_rule == {"OrderNotPosted": at_risk_at, "Other": None}


@pytest.mark.parametrize("text", ["q2c-1", "billing-7", "O-1", "invoice/I-1", "P-1"])
def test_the_merged_run_is_found_from_whatever_belongs_to_it(store: Store, now: datetime, text: str) -> None:
    seed_merged_run(store, now)
    of_invoice = alert("InvoiceOverdue", "invoice/I-1", correlation_id="billing-7")
    write_transitions(store, [of_invoice, alert(object="order/O-2")])

    journey = _found(store, text)

    assert journey.run is not None
    assert (journey.run.id, journey.run.correlation_ids) == ("q2c-1", ("q2c-1", "billing-7"))
    assert [event.event_id for event in journey.events] == ["0", "2", "3", "4"]
    assert [each.alert_id for each in journey.alerts] == [of_invoice.alert_id]


def test_what_runs_have_in_common_is_shown_but_not_followed(store: Store, now: datetime) -> None:
    seed_merged_run(store, now)

    shown = {str(each) for each in _found(store, "O-1").objects}

    assert shown == {"order/O-1", "invoice/I-1", "payment/P-1", "product/X", "customer/C-9"}


def test_an_object_whose_trace_tells_its_run_is_part_of_it(store: Store, now: datetime) -> None:
    carrying = span(trace_id=bytes.fromhex(TRACE), attributes={"correlation.id": "q2c-9"})
    insert_traces(store, [otlp_request(carrying).SerializeToString()])
    insert_events(store, [event_row("1", objects=["order/O-9"], trace_id=TRACE)])

    by_run, by_order = _found(store, "q2c-9"), _found(store, "O-9")

    assert by_run.run == by_order.run
    assert [event.event_id for event in by_run.events] == [event.event_id for event in by_order.events] == ["1"]
    assert len(by_run.spans) == len(by_order.spans) == 1
