"""OTLP bodies become the rows that the OpenTelemetry Collector's ClickHouse exporter would have written.

What its text of an attribute is: Value.AsString in
https://github.com/open-telemetry/opentelemetry-collector/blob/main/pdata/pcommon/value.go
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.receivers.otlp import PROTOBUF, read_traces
from domain.instants import to_micros
from storage.client import Store
from storage.traces import insert_traces
from tests.builders import NOW, AttributeValue, key_values, otlp_request, span
from tests.engine import Engine

MICROSECOND = timedelta(microseconds=1)
NANOSECONDS = 1000
INSERT_WHERE_NOTHING_CAN_BE_WRITTEN = """
import sys
from datetime import UTC, datetime
from storage.client import Store
from storage.migrator import migrate
from storage.traces import insert_traces
with Store(sys.argv[1]) as store:
    migrate(store, datetime(2026, 11, 2, tzinfo=UTC))
    insert_traces(store, [b""])
print("stored")
"""


def full_request() -> bytes:
    """A request that uses every field the table has a column for."""
    sent = span(
        "POST /orders",
        trace_id=bytes.fromhex("0af7651916cd43dd8448eb211c80319c"),
        span_id=bytes.fromhex("b7ad6b7169203331"),
        duration=timedelta(milliseconds=250),
        attributes={"correlation.id": "q2c-001001", "http.response.status_code": 502},
        error="erp said no",
    )
    sent.parent_span_id = bytes.fromhex("00f067aa0ba902b7")
    sent.trace_state = "vendor=1"
    sent.start_time_unix_nano += 1
    sent.kind = Span.SPAN_KIND_CLIENT
    for number, name in enumerate(["retry", "exception"]):
        at = to_micros(NOW + number * MICROSECOND) * NANOSECONDS
        sent.events.add(name=name, time_unix_nano=at, attributes=key_values({"attempt": number}))
    sent.links.add(
        trace_id=b"\x01" * 16, span_id=b"\x02" * 8, trace_state="a=b", attributes=key_values({"why": "batch"})
    )
    request = otlp_request(sent, service="middleware", resource={"deployment.environment": "prod"})
    request.resource_spans[0].scope_spans[0].scope.name = "orders"
    request.resource_spans[0].scope_spans[0].scope.version = "1.2"
    return request.SerializeToString()


def test_a_span_fills_every_column(store: Store, engine: Engine) -> None:
    insert_traces(store, [full_request()])

    (row,) = engine.select(
        store, "SELECT * EXCEPT ReceivedAt, toUnixTimestamp64Nano(Timestamp) AS nanoseconds FROM otel_traces"
    )
    assert row == {
        "Timestamp": NOW,
        "nanoseconds": to_micros(NOW) * NANOSECONDS + 1,
        "TraceId": "0af7651916cd43dd8448eb211c80319c",
        "SpanId": "b7ad6b7169203331",
        "ParentSpanId": "00f067aa0ba902b7",
        "TraceState": "vendor=1",
        "SpanName": "POST /orders",
        "SpanKind": "Client",
        "ServiceName": "middleware",
        "ResourceAttributes": {"service.name": "middleware", "deployment.environment": "prod"},
        "ScopeName": "orders",
        "ScopeVersion": "1.2",
        "SpanAttributes": {"correlation.id": "q2c-001001", "http.response.status_code": "502"},
        "Duration": 250_000_000 - 1,
        "StatusCode": "Error",
        "StatusMessage": "erp said no",
        "Events.Timestamp": [NOW, NOW + MICROSECOND],
        "Events.Name": ["retry", "exception"],
        "Events.Attributes": [{"attempt": "0"}, {"attempt": "1"}],
        "Links.TraceId": ["01" * 16],
        "Links.SpanId": ["02" * 8],
        "Links.TraceState": ["a=b"],
        "Links.Attributes": [{"why": "batch"}],
        "CorrelationId": "q2c-001001",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param('say "é"\n\\', 'say "é"\n\\', id="a string as it is"),
        pytest.param("", "", id="an empty string"),
        pytest.param(True, "true", id="a true boolean"),
        pytest.param(False, "false", id="a false boolean"),
        pytest.param(0, "0", id="the integer zero"),
        pytest.param(2**63 - 1, "9223372036854775807", id="the largest integer, exactly"),
        pytest.param(-(2**63), "-9223372036854775808", id="the smallest integer, exactly"),
        pytest.param(1.5, "1.5", id="a double"),
        pytest.param(100000.0, "100000", id="a whole double without a point"),
        pytest.param(0.1 + 0.2, "0.30000000000000004", id="a double with all its digits"),
        pytest.param(1e20, "100000000000000000000", id="a large double in plain digits"),
        pytest.param(1e21, "1e21", id="a very large double with an exponent"),
        pytest.param(1e-7, "1e-7", id="a very small double with an exponent"),
        pytest.param(b"\x00\xff", "AP8=", id="bytes in base64"),
        pytest.param(["a", 1, True, 2.5, None], '["a",1,true,2.5,null]', id="an array as JSON"),
        pytest.param([b"\x01"], '["AQ=="]', id="bytes in an array"),
        pytest.param({"k": 'v"', "n": 2**53 + 1}, '{"k":"v\\"","n":9007199254740993}', id="a map as JSON"),
        pytest.param([], "[]", id="an empty array"),
        pytest.param({}, "{}", id="an empty map"),
        pytest.param([[1, ["é"]], {"k": [{}]}], '[[1,["é"]],{"k":[{}]}]', id="arrays and maps to any depth"),
        pytest.param(
            [0.0, -2.0, 0.1 + 0.2, 1e20, 1e21, 1e-7, float("inf")],
            '[0,-2,0.30000000000000004,100000000000000000000,1e21,1e-7,"inf"]',
            id="doubles in an array",
        ),
        pytest.param(None, "", id="no value"),
    ],
)
def test_an_attribute_becomes_text(store: Store, engine: Engine, value: AttributeValue, text: str) -> None:
    sent = span(attributes={"it": value})
    sent.events.add(attributes=key_values({"it": value}))
    sent.links.add(attributes=key_values({"it": value}))
    request = read_traces(PROTOBUF, otlp_request(sent, resource={"it": value}).SerializeToString())
    insert_traces(store, [request.body])

    (row,) = engine.select(
        store,
        "SELECT SpanAttributes['it'] AS of_span, ResourceAttributes['it'] AS of_resource, "
        "Events.Attributes[1]['it'] AS of_event, Links.Attributes[1]['it'] AS of_link FROM otel_traces",
    )
    assert row == {"of_span": text, "of_resource": text, "of_event": text, "of_link": text}


def test_bodies_sent_together_keep_their_own_resources(store: Store, engine: Engine) -> None:
    bodies = [
        otlp_request(span("a"), span("b"), service="crm").SerializeToString(),
        otlp_request(service="cpq").SerializeToString(),
        otlp_request(span("c"), service="erp").SerializeToString(),
    ]

    insert_traces(store, bodies)

    assert engine.select(store, "SELECT ServiceName, SpanName FROM otel_traces ORDER BY SpanName") == [
        {"ServiceName": "crm", "SpanName": "a"},
        {"ServiceName": "crm", "SpanName": "b"},
        {"ServiceName": "erp", "SpanName": "c"},
    ]


def test_fields_of_a_newer_protocol_are_ignored(store: Store, engine: Engine) -> None:
    unknown_field_1000 = b"\xc2\x3e\x03new"

    insert_traces(store, [full_request() + unknown_field_1000])

    assert engine.select(store, "SELECT count() AS spans FROM otel_traces") == [{"spans": 1}]


def test_a_span_that_ends_before_it_starts_lasts_no_time(store: Store, engine: Engine) -> None:
    insert_traces(store, [otlp_request(span(duration=-timedelta(seconds=1))).SerializeToString()])

    assert engine.select(store, "SELECT Duration FROM otel_traces") == [{"Duration": 0}]


def test_a_correlation_id_on_the_resource_holds_for_its_spans(store: Store, engine: Engine) -> None:
    request = otlp_request(
        span("own", attributes={"correlation.id": "q2c-1"}),
        span("shared"),
        resource={"correlation.id": "q2c-2"},
    )

    insert_traces(store, [request.SerializeToString()])

    assert engine.select(store, "SELECT SpanName, CorrelationId FROM otel_traces ORDER BY SpanName") == [
        {"SpanName": "own", "CorrelationId": "q2c-1"},
        {"SpanName": "shared", "CorrelationId": "q2c-2"},
    ]


def test_a_trace_is_found_by_when_it_began_and_ended(store: Store, engine: Engine) -> None:
    begin, end = datetime(2026, 11, 2, 9, 0, tzinfo=UTC), datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    insert_traces(store, [otlp_request(span(start=end)).SerializeToString()])
    insert_traces(store, [otlp_request(span(start=begin)).SerializeToString()])

    rows = engine.select(
        store, "SELECT TraceId, min(Start) AS Start, max(End) AS End FROM otel_traces_trace_id_ts GROUP BY TraceId"
    )

    assert rows == [{"TraceId": bytes(range(16)).hex(), "Start": begin, "End": end}]


def test_the_embedded_engine_needs_no_writable_working_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INSERT_WHERE_NOTHING_CAN_BE_WRITTEN, f"chdb://{tmp_path}/store"]

    answer = subprocess.run(command, cwd="/proc", capture_output=True, text=True, check=False)

    assert (answer.stdout, answer.stderr) == ("stored\n", "")
