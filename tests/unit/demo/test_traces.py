"""The demo's spans: tied to the events they emit, complete, and showing the errors behind the alerts."""

from datetime import UTC, datetime

import pytest
from opentelemetry.trace import SpanKind

from milepost.demo.traces import SERVICES, SpanPlan
from milepost.demo.traffic import Due, Event, Traffic
from tests.unit.demo.reading import handoffs

START = datetime(2026, 11, 4, 0, 30, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def due() -> Due:
    return Traffic(SEED, START, 3, 5).due(START)


@pytest.fixture(scope="module")
def by_trace(due: Due) -> dict[int, list[SpanPlan]]:
    traces: dict[int, list[SpanPlan]] = {}
    for span in due.spans:
        traces.setdefault(span.trace_id, []).append(span)
    return traces


def trace_of(event: Event) -> int:
    return int(str(event["traceparent"]).split("-")[1], 16)


def test_every_span_has_its_own_id_and_ends_after_it_starts_and_not_in_the_future(due: Due) -> None:
    assert len({span.span_id for span in due.spans}) == len(due.spans)
    assert all(span.start < span.end <= START for span in due.spans)


def test_all_six_systems_are_traced(due: Due) -> None:
    assert {span.service for span in due.spans} == set(SERVICES)


def test_recent_events_name_the_span_of_their_own_system_that_emitted_them(due: Due) -> None:
    spans = {span.span_id: span for span in due.spans}
    today = [event for event in due.events if str(event["time"]) >= "2026-11-04"]

    assert today
    for event in today:
        _, trace_id, span_id, flags = str(event["traceparent"]).split("-")
        emitter = spans[int(span_id, 16)]
        assert (f"{emitter.trace_id:032x}", emitter.service, flags) == (trace_id, event["source"], "01")
        assert emitter.attributes["correlation.id"] == event["correlationid"]


def test_an_order_that_fires_has_a_trace_with_the_failing_calls(due: Due, by_trace: dict[int, list[SpanPlan]]) -> None:
    late = {h.object for h in handoffs(due.events) if h.beginning == "order.approved" and h.is_late_at(START)}
    late_now = {h.object for h in handoffs(due.events) if h.object in late and h.ended_at is None}
    approvals = [e for e in due.events if e["type"] == "order.approved" and ("order", order_of(e)) in late_now]

    assert approvals
    for approval in approvals:
        failed = [span for span in by_trace[trace_of(approval)] if span.failure is not None]
        assert {span.name for span in failed} == {"POST /erp/orders"}
        assert {(span.service, span.kind) for span in failed} == {
            ("middleware", SpanKind.CLIENT),
            ("erp", SpanKind.SERVER),
        }
        assert len(failed) == 8
        assert {span.attributes["order.id"] for span in failed} == {order_of(approval)}


def test_an_order_that_was_posted_in_time_has_a_trace_without_errors(
    due: Due, by_trace: dict[int, list[SpanPlan]]
) -> None:
    in_time = {h.object for h in handoffs(due.events) if h.ended_at is not None and not h.is_late_at(START)}
    approvals = [
        e
        for e in due.events
        if e["type"] == "order.approved" and str(e["time"]) >= "2026-11-04" and ("order", order_of(e)) in in_time
    ]

    assert approvals
    for approval in approvals:
        assert not [span for span in by_trace[trace_of(approval)] if span.failure is not None]


def test_an_order_crosses_from_crm_through_the_middleware_into_the_erp(
    due: Due, by_trace: dict[int, list[SpanPlan]]
) -> None:
    posted = next(e for e in due.events if e["type"] == "order.posted" and str(e["time"]) >= "2026-11-04")
    spans = {span.span_id: span for span in by_trace[trace_of(posted)]}
    span: SpanPlan | None = spans[int(str(posted["traceparent"]).split("-")[2], 16)]
    path = []
    while span is not None:
        path.append((span.service, span.name))
        span = spans[span.parent_id] if span.parent_id is not None else None

    assert path == [
        ("erp", "POST /erp/orders"),
        ("middleware", "POST /erp/orders"),
        ("middleware", "order.transmit"),
        ("crm", "approve order"),
    ]


def test_invoice_syncs_that_failed_first_have_errors_before_their_success(due: Due) -> None:
    syncs = [span for span in due.spans if span.name == "PUT /crm/invoices" and span.service == "crm"]
    failed = [span for span in syncs if span.failure is not None]

    assert failed
    assert all(span.attributes["http.response.status_code"] == 503 for span in failed)
    assert len(failed) < len(syncs)


def order_of(event: Event) -> str:
    return "O-" + str(event["correlationid"]).removeprefix("q2c-")
