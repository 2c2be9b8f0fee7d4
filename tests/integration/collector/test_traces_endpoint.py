"""POST /v1/traces over real HTTP, from the real OpenTelemetry SDK and from senders with faults."""

import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.receivers.otlp import INVALID_ARGUMENT, JSON, PROTOBUF, RESOURCE_EXHAUSTED
from tests.builders import otlp_request, span
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector
from tests.integration.collector.sdk_spans import ROWS, export, recorded_spans, rows_of

PATH = "/v1/traces"


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_the_rows_equal_the_spans_that_the_sdk_sent(
    collector_anywhere: RunningCollector, engine: Engine, compression: Compression
) -> None:
    spans = recorded_spans()

    export(OTLPSpanExporter(endpoint=collector_anywhere.url + PATH, compression=compression), spans)

    assert engine.select(collector_anywhere.store, ROWS) == rows_of(spans)
    assert collector_anywhere.total("spans_stored_total") == collector_anywhere.total("spans_received_total") == 31


def test_a_protobuf_request_is_answered_in_protobuf(collector: RunningCollector) -> None:
    response = collector.post(otlp_request(span()).SerializeToString(), PROTOBUF, PATH)

    assert (response.status_code, response.headers["content-type"], response.content) == (200, PROTOBUF, b"")


def test_a_json_request_is_stored_and_answered_in_json(collector: RunningCollector, engine: Engine) -> None:
    one = {
        "traceId": "0AF7651916CD43DD8448EB211C80319C",
        "spanId": "b7ad6b7169203331",
        "startTimeUnixNano": "1793611800000000001",
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()

    response = collector.post(gzip.compress(body), "application/json; charset=utf-8", PATH, content_encoding="gzip")

    assert (response.status_code, response.headers["content-type"], response.json()) == (200, JSON, {})
    [row] = engine.select(
        collector.store, "SELECT TraceId, SpanId, toUnixTimestamp64Nano(Timestamp) AS at FROM otel_traces"
    )
    assert row == {
        "TraceId": "0af7651916cd43dd8448eb211c80319c",
        "SpanId": "b7ad6b7169203331",
        "at": 1793611800000000001,
    }


def test_a_request_without_spans_is_answered(collector: RunningCollector) -> None:
    assert collector.post(b"", PROTOBUF, PATH).status_code == 200
    assert collector.post(b"{}", JSON, PATH).json() == {}


def test_a_span_without_ids_is_told_of_in_a_partial_success(collector: RunningCollector, engine: Engine) -> None:
    body = otlp_request(
        span("good"), span("bad", trace_id=b"short"), span("worse", span_id=bytes(8))
    ).SerializeToString()

    response = collector.post(body, PROTOBUF, PATH)

    partial = ExportTraceServiceResponse.FromString(response.content).partial_success
    assert (response.status_code, partial.rejected_spans) == (200, 2)
    assert partial.error_message == "2 spans have no 16-byte trace_id and 8-byte span_id, or one of zeros"
    assert engine.select(collector.store, "SELECT SpanName FROM otel_traces") == [{"SpanName": "good"}]
    counted = [collector.total(f"spans_{name}_total") for name in ("received", "stored", "rejected")]
    assert counted == [3, 1, 2]


def test_a_body_that_is_not_otlp_is_refused_in_its_encoding_and_kept(collector: RunningCollector) -> None:
    in_protobuf = collector.post(b"\x0a\xff", PROTOBUF, PATH)
    in_json = collector.post(b"\x00\xff", JSON, PATH)

    reason = "the body is not an OTLP ExportTraceServiceRequest"
    assert (in_protobuf.status_code, in_protobuf.headers["content-type"]) == (400, PROTOBUF)
    assert Status.FromString(in_protobuf.content) == Status(code=INVALID_ARGUMENT, message=reason)
    told = "the body is not JSON: JSON is malformed: invalid character (byte 0)"
    assert (in_json.status_code, in_json.json()) == (400, {"code": INVALID_ARGUMENT, "message": told})
    letters = [(letter["channel"], letter["code"], letter["body"]) for letter in collector.letters()]
    assert letters == [("traces", "invalid_json", b"\x00\xff"), ("traces", "invalid_protobuf", b"\x0a\xff")]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-protobuffer", "application/grpc", ""])
def test_another_media_type_is_answered_415(collector: RunningCollector, content_type: str) -> None:
    response = collector.post(b"{}", content_type, PATH)

    reason = f"content type {content_type!r}; send application/x-protobuf or application/json"
    assert (response.status_code, response.json()) == (415, {"code": "unsupported_media_type", "reason": reason})


def test_a_body_over_the_limit_is_answered_413(collector: RunningCollector) -> None:
    bomb = gzip.compress(bytes(21 * 1024 * 1024), 1)

    response = collector.post(bomb, PROTOBUF, PATH, content_encoding="gzip")

    message = "the body is larger than 20971520 bytes; send smaller batches"
    assert response.status_code == 413
    assert Status.FromString(response.content) == Status(code=RESOURCE_EXHAUSTED, message=message)


def test_others_are_answered_while_a_large_request_is_read(collector: RunningCollector) -> None:
    attributes = [{"key": f"key.{number}", "value": {"stringValue": "value"}} for number in range(5)]
    spans = [
        {"traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": "a", "attributes": attributes}
        for number in range(15_000)
    ]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    started = time.perf_counter()
    answered = [started]

    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(collector.post, body, JSON, PATH)
        while not large.done():
            collector.http.get("/healthz")
            answered.append(time.perf_counter())

    assert large.result().status_code == 200
    longest = max(after - before for before, after in pairwise(answered))
    assert longest < (answered[-1] - started) / 2
