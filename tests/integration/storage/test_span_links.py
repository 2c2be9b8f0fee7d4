"""A trace shows under an object that its spans name, though no event names the trace."""

from datetime import datetime, timedelta

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from domain.business_object import BusinessObject
from domain.span_names import SpanNames
from storage.client import Store
from storage.events import insert_events
from storage.trace_view import find_journey
from storage.traces import insert_traces
from tests.builders import NOW, event_row, otlp_request, span

NAMES = SpanNames(("correlation.id", "baggage.run"), {"order.id": "order", "invoice.id": "invoice"})
A, B = bytes([1]) * 16, bytes([2]) * 16


def insert(store: Store, *spans: Span) -> None:
    insert_traces(store, [otlp_request(*spans).SerializeToString()])


def traces_shown(store: Store, text: str, names: SpanNames = NAMES) -> set[bytes]:
    journey = find_journey(store, text, names)
    return {bytes.fromhex(each.trace_id) for each in journey.spans} if journey else set()


@pytest.mark.parametrize("text", ["O-1001", "order/O-1001"])
def test_a_trace_shows_under_an_object_that_its_span_names(store: Store, text: str) -> None:
    insert_events(store, [event_row()])
    insert(store, span("names it", trace_id=A, attributes={"order.id": "O-1001"}), span("child", trace_id=A))
    insert(store, span("names another", trace_id=B, attributes={"order.id": "O-1002"}))

    assert traces_shown(store, text) == {A}
    assert traces_shown(store, text, SpanNames()) == set()


@pytest.mark.parametrize("text", ["O-1001", "order/O-1001"])
def test_an_object_that_only_spans_name_is_found_by_its_id(store: Store, text: str) -> None:
    insert(store, span(trace_id=A, attributes={"order.id": "O-1001"}))
    insert(store, span(trace_id=B, attributes={"customer.id": "O-1001"}))

    journey = find_journey(store, text, NAMES)

    assert journey is not None
    assert journey.asked == journey.objects == (BusinessObject("order", "O-1001"),)
    assert traces_shown(store, text) == {A}
    assert find_journey(store, "invoice/O-1001", NAMES) is None
    assert find_journey(store, "O-100", NAMES) is None


def test_a_trace_shows_under_a_linked_object(store: Store) -> None:
    insert_events(store, [event_row(objects=["order/O-1001", "invoice/I-1"])])
    insert(store, span(trace_id=A, attributes={"invoice.id": "I-1"}))
    insert(store, span(trace_id=B, attributes={"invoice.id": "O-1001"}))

    assert traces_shown(store, "O-1001") == {A}


def test_a_run_is_found_by_any_of_the_configured_names(store: Store) -> None:
    insert(store, span(trace_id=A, attributes={"baggage.run": "q2c-1"}))
    insert(store, span(trace_id=B, attributes={"correlation.id": "q2c-1"}))
    assert traces_shown(store, "q2c-1") == {A, B}

    insert_events(store, [event_row(correlation_id="q2c-1")])

    assert traces_shown(store, "q2c-1") == traces_shown(store, "O-1001") == {A, B}


@pytest.mark.parametrize(
    ("start", "is_shown"),
    [
        (NOW - timedelta(hours=23), True),
        (NOW + timedelta(hours=23), True),
        (NOW - timedelta(hours=25), False),
        (NOW + timedelta(hours=25), False),
    ],
)
def test_an_object_with_events_is_looked_for_around_them(store: Store, start: datetime, is_shown: bool) -> None:
    insert_events(store, [event_row(occurred_at=NOW)])
    insert(store, span(trace_id=A, start=start, attributes={"order.id": "O-1001"}))

    assert traces_shown(store, "O-1001") == ({A} if is_shown else set())


def test_a_customer_is_not_followed_into_all_its_traces(store: Store) -> None:
    names = SpanNames(objects={"customer.id": "customer"})
    insert_events(store, [event_row(objects=["order/O-1001", "customer/C-9"])])
    insert(store, span(trace_id=A, attributes={"customer.id": "C-9"}))

    assert traces_shown(store, "O-1001", names) == set()
    assert traces_shown(store, "C-9", names) == {A}


def test_a_store_without_spans_names_nothing(store: Store) -> None:
    assert find_journey(store, "O-1001", NAMES) is None


@pytest.mark.parametrize("year", [1900, 2299])
def test_events_of_any_date_may_be_looked_around(store: Store, year: int) -> None:
    insert_events(store, [event_row(occurred_at=NOW.replace(year=year))])
    insert(store, span(trace_id=A, attributes={"order.id": "O-1001"}))

    assert traces_shown(store, "O-1001") == set()
