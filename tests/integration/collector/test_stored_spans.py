"""Spans that are stored are told by their ids, wherever in time they began."""

from collections.abc import Sequence

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.receivers.otlp import PROTOBUF, TraceRequest, read_traces
from collector.replay_spans import fresh_spans
from storage.client import Store
from storage.traces import insert_traces
from tests.builders import otlp_request, span

SECOND = 1_000_000_000


def request(ids: Sequence[int], start: int = 1_793_611_800 * SECOND) -> TraceRequest:
    """Spans of these ids, each of which began so many seconds after the start."""
    spans = [span(span_id=id_.to_bytes(8, "big")) for id_ in ids]
    for id_, each in zip(ids, spans, strict=True):
        each.start_time_unix_nano = (start + id_ * SECOND) % (1 << 64)
    return read_traces(PROTOBUF, otlp_request(*spans).SerializeToString())


def ids_of(some: TraceRequest) -> list[int]:
    message = ExportTraceServiceRequest.FromString(some.body)
    return [
        int.from_bytes(each.span_id, "big")
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    ]


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(0, id="in 1970"),
        pytest.param(1_793_611_800 * SECOND, id="today"),
        pytest.param(((1 << 32) - 2) * SECOND, id="around the last of 32 bits"),
        pytest.param(5_000_000_000 * SECOND, id="after 2106"),
        pytest.param((1 << 63) - 2 * SECOND, id="around the last of 63 bits"),
        pytest.param((1 << 64) - 3 * SECOND, id="before 1970"),
    ],
)
def test_stored_spans_are_found_whenever_they_began(store: Store, start: int) -> None:
    insert_traces(store, [request([1, 2, 3], start).body])

    [fresh] = fresh_spans(store, [request([1, 2, 4], start)])

    assert (ids_of(fresh), fresh.spans) == ([4], 1)


def test_requests_end_before_one_that_repeats_a_span_of_another(store: Store) -> None:
    insert_traces(store, [request([2]).body])

    fresh = fresh_spans(store, [request([1]), request([2, 3]), request([4, 3]), request([5])])

    assert [ids_of(one) for one in fresh] == [[1], [3]]


def test_many_spans_are_asked_for_in_portions(store: Store) -> None:
    stored = range(1, 8_000)
    insert_traces(store, [request(stored).body])

    [fresh] = fresh_spans(store, [request(range(5_000, 9_000))])

    assert ids_of(fresh) == list(range(8_000, 9_000))
