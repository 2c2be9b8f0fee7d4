"""OTLP over gRPC: from the real OpenTelemetry SDK, and from senders with faults."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.body import LARGEST_BODY
from collector.receivers.otlp import PROTOBUF, UNAVAILABLE
from collector.receivers.otlp_grpc import RETRY_DELAY, GrpcServer
from domain.errors import MilepostError
from milepost.http_server import bind
from tests.builders import otlp_request, span
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector
from tests.integration.collector.sdk_spans import ROWS, export, recorded_spans, rows_of
from tests.integration.collector.test_fuzzed_bodies import FUZZ, MUTATIONS, SPAN_BODY, account, mutated

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
Call = Callable[[str, bytes], bytes]


@contextmanager
def calling(collector: RunningCollector, compression: grpc.Compression) -> Iterator[Call]:
    """Sends any bytes to a method of the collector and gives the bytes that it answers."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(collector.grpc_address, options, compression) as channel:

        def call(method: str, body: bytes) -> bytes:
            export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            return export(body, timeout=30)

        yield call


@pytest.fixture
def call(collector: RunningCollector) -> Iterator[Call]:
    with calling(collector, grpc.Compression.NoCompression) as call:
        yield call


def refused(call: Call, method: str, body: bytes) -> Any:
    """The error that answers a call: at once a grpc.Call with code, details and trailing metadata."""
    with pytest.raises(grpc.RpcError) as caught:
        call(method, body)
    return caught.value


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_rows_equal_the_spans_that_the_sdk_sent(
    collector_anywhere: RunningCollector, engine: Engine, compression: grpc.Compression
) -> None:
    spans = recorded_spans()

    export(OTLPSpanExporter(collector_anywhere.grpc_address, insecure=True, compression=compression), spans)

    assert engine.select(collector_anywhere.store, ROWS) == rows_of(spans)
    assert collector_anywhere.total("spans_stored_total") == collector_anywhere.total("spans_received_total") == 31


def test_what_is_taken_is_answered_with_an_empty_response(call: Call) -> None:
    assert call(TRACES, otlp_request(span()).SerializeToString()) == b""
    assert call(TRACES, b"") == b""


def test_a_span_without_ids_is_told_of_in_a_partial_success(
    call: Call, collector: RunningCollector, engine: Engine
) -> None:
    body = otlp_request(span("good"), span("bad", trace_id=b"short")).SerializeToString()

    partial = ExportTraceServiceResponse.FromString(call(TRACES, body)).partial_success

    assert partial.rejected_spans == 1
    assert partial.error_message == "1 spans have no 16-byte trace_id and 8-byte span_id, or one of zeros"
    assert engine.select(collector.store, "SELECT SpanName FROM otel_traces") == [{"SpanName": "good"}]


def test_what_is_malformed_is_an_invalid_argument_and_kept(call: Call, collector: RunningCollector) -> None:
    error = refused(call, TRACES, b"\x0a\xff")

    reason = "the body is not an OTLP ExportTraceServiceRequest"
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    [letter] = collector.letters()
    kept = (letter["channel"], letter["code"], letter["reason"], letter["content_type"], letter["body"])
    assert kept == ("traces", "invalid_protobuf", reason, PROTOBUF, b"\x0a\xff")


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_what_is_over_the_limit_is_refused_for_good(collector: RunningCollector, compression: grpc.Compression) -> None:
    with calling(collector, compression) as call:
        error = refused(call, TRACES, bytes(LARGEST_BODY + 1))

        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" in error.details()
        # With RetryInfo it would mean: come back later.
        assert dict(error.trailing_metadata()) == {}
        assert call(TRACES, otlp_request(span()).SerializeToString()) == b""


def test_what_cannot_be_stored_just_now_is_unavailable_and_says_when_to_retry(
    call: Call, collector: RunningCollector, engine: Engine
) -> None:
    call(TRACES, otlp_request(span()).SerializeToString())
    body = otlp_request(span(span_id=b"2" * 8)).SerializeToString()
    engine.select(collector.store, "ALTER TABLE otel_traces MODIFY SETTING parts_to_throw_insert = 1")
    try:
        error = refused(call, TRACES, body)
    finally:
        engine.select(collector.store, "ALTER TABLE otel_traces RESET SETTING parts_to_throw_insert")

    told = dict(error.trailing_metadata())
    status, retry = Status.FromString(told["grpc-status-details-bin"]), RetryInfo()
    status.details[0].Unpack(retry)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "TOO_MANY_PARTS" in error.details()
    assert (status.code, status.message, retry.retry_delay) == (UNAVAILABLE, error.details(), RETRY_DELAY)
    assert RetryInfo.FromString(told["google.rpc.retryinfo-bin"]) == retry
    assert collector.letters() == []
    assert call(TRACES, body) == b""


def test_metrics_are_refused_for_good_with_the_reason(call: Call, collector: RunningCollector) -> None:
    error = refused(call, METRICS, b"")

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == (
        "Milepost takes traces and logs, no metrics; set OTEL_METRICS_EXPORTER=none for this sender"
    )
    assert collector.letters() == []


def test_a_taken_port_is_told_with_the_setting_to_change(collector: RunningCollector) -> None:
    with bind("127.0.0.1", 0, "another's port") as taken:
        port = taken.getsockname()[1]

        with pytest.raises(MilepostError) as caught:
            GrpcServer(collector.collector, "127.0.0.1", port, "MILEPOST_GRPC_PORT")

    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is taken; stop what uses it or set MILEPOST_GRPC_PORT to another"
    )


@FUZZ
@given(
    st.binary(max_size=60) | MUTATIONS.map(lambda mutations: mutated(SPAN_BODY, mutations)),
    st.sampled_from([TRACES, LOGS]),
)
def test_every_body_is_accounted_for(call: Call, collector: RunningCollector, body: bytes, method: str) -> None:
    before = account(collector)

    try:
        call(method, body)
        code = grpc.StatusCode.OK
    except grpc.RpcError as error:
        code = error.code()

    gained = {name: value - before[name] for name, value in account(collector).items()}
    assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT)
    refused = code is grpc.StatusCode.INVALID_ARGUMENT
    assert (gained["dead_letters"], gained["requests_refused"]) == (refused, 0)
    assert not (refused and gained["spans_stored"])
