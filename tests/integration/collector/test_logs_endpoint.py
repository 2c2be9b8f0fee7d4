"""POST /v1/logs and the logs service, from the real OpenTelemetry SDK and from senders with faults; and metrics."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from collector.otlp_door import UNIMPLEMENTED
from collector.receivers.otlp import INVALID_ARGUMENT, JSON, PROTOBUF
from collector.receivers.otlp_logs import read_logs
from storage.client import Store
from storage.log_records import insert_logs
from tests.builders import NOW, key_values
from tests.engine import Engine
from tests.integration.collector.log_requests import NANOS, SPAN, TRACE, log_request, record
from tests.integration.collector.running import RunningCollector
from tests.integration.collector.test_fuzzed_bodies import FUZZ, MUTATIONS, account, mutated

PATH = "/v1/logs"


def test_a_record_fills_every_column(store: Store, engine: Engine) -> None:
    sent = record(
        {"order": "O-1", "tries": [3, {"deep": [1.5]}]},
        flags=0x101,
        attributes=key_values(
            {"exception.type": "Timeout", "ok": False, "raw": b"\x00\xff", "n": 2**63 - 1, "l": [True]}
        ),
        event_name="order.failed",
    )

    insert_logs(store, [read_logs(PROTOBUF, log_request(sent), NOW).body])

    (row,) = engine.select(
        store, "SELECT * EXCEPT ReceivedAt, toUnixTimestamp64Nano(Timestamp) AS nanoseconds FROM otel_logs"
    )
    assert row == {
        "Timestamp": NOW,
        "nanoseconds": NANOS,
        "TimestampTime": NOW,
        "TraceId": TRACE,
        "SpanId": SPAN,
        "TraceFlags": 1,
        "SeverityText": "ERROR",
        "SeverityNumber": 17,
        "ServiceName": "erp",
        "Body": '{"order":"O-1","tries":[3,{"deep":[1.5]}]}',
        "ResourceSchemaUrl": "https://resource.example/1",
        "ResourceAttributes": {"service.name": "erp"},
        "ScopeSchemaUrl": "https://scope.example/1",
        "ScopeName": "orders",
        "ScopeVersion": "1.2",
        "ScopeAttributes": {"pool": "4"},
        "LogAttributes": {
            "exception.type": "Timeout",
            "ok": "false",
            "raw": "AP8=",
            "n": "9223372036854775807",
            "l": "[true]",
        },
        "EventName": "order.failed",
    }


def test_the_columns_begin_with_those_of_the_collectors_exporter(store: Store, engine: Engine) -> None:
    columns = [row["name"] for row in engine.select(store, "DESCRIBE TABLE otel_logs")]

    # https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/main/exporter/clickhouseexporter/internal/sqltemplates/logs_table.sql
    assert columns[:16] == [
        "Timestamp", "TimestampTime", "TraceId", "SpanId", "TraceFlags", "SeverityText", "SeverityNumber",
        "ServiceName", "Body", "ResourceSchemaUrl", "ResourceAttributes", "ScopeSchemaUrl", "ScopeName", "ScopeVersion",
        "ScopeAttributes", "LogAttributes",
    ]  # fmt: skip


def over_http(collector: RunningCollector) -> LogRecordExporter:
    return HttpExporter(endpoint=collector.url + PATH, compression=Compression.Gzip)


def over_grpc(collector: RunningCollector) -> LogRecordExporter:
    return GrpcExporter(endpoint=collector.grpc_address, insecure=True)


@pytest.mark.parametrize("protocol", [over_http, over_grpc])
def test_the_errors_that_the_sdk_sends_are_stored_and_the_rest_is_counted(
    collector_anywhere: RunningCollector, engine: Engine, protocol: Callable[[RunningCollector], LogRecordExporter]
) -> None:
    provider = LoggerProvider(resource=Resource({"service.name": "erp"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(protocol(collector_anywhere)))
    logger = provider.get_logger("orders")
    for number, body in ((9, "received"), (17, "posting failed"), (21, "gave up"), (13, "slow")):
        logger.emit(timestamp=NANOS + number, severity_number=SeverityNumber(number), body=body)
    provider.shutdown()

    rows = engine.select(collector_anywhere.store, "SELECT ServiceName, Body FROM otel_logs ORDER BY Timestamp")
    assert rows == [{"ServiceName": "erp", "Body": body} for body in ("posting failed", "gave up")]
    assert collector_anywhere.total("log_records_received_total") == 4
    assert collector_anywhere.total("log_errors_stored_total") == 2


@pytest.mark.parametrize(
    ("sent", "is_stored"),
    [
        pytest.param(record(severity=16), False, id="a warning of the highest number"),
        pytest.param(record(severity=17), True, id="an error"),
        pytest.param(record(severity=24), True, id="the worst there is"),
        pytest.param(record(severity=9, severity_text="ERROR"), False, id="a number that the text contradicts"),
        pytest.param(record(severity=0, severity_text="error"), True, id="an error in words alone"),
        pytest.param(record(severity=0, severity_text="Information"), False, id="another word alone"),
        pytest.param(record(severity=0, severity_text=""), False, id="no severity at all"),
        pytest.param(record(trace_id=b"", span_id=b""), True, id="an error outside of any trace"),
    ],
)
def test_errors_are_stored_and_nothing_else(
    collector: RunningCollector, engine: Engine, sent: LogRecord, is_stored: bool
) -> None:
    # With an error beside it, so that the request reaches the store in any case.
    response = collector.post(log_request(sent, record("beside")), PROTOBUF, PATH)

    assert response.status_code == 200
    [count] = engine.select(collector.store, "SELECT countIf(Body != 'beside') AS others FROM otel_logs")
    assert count == {"others": is_stored}
    assert collector.total("log_errors_stored_total") == 1 + is_stored


@pytest.mark.parametrize(
    "ids", [{"trace_id": b"short", "span_id": b"short"}, {"trace_id": bytes(16), "span_id": bytes(8)}]
)
def test_an_id_that_is_none_ties_a_record_to_no_trace(
    collector: RunningCollector, engine: Engine, ids: dict[str, Any]
) -> None:
    collector.post(log_request(record(**ids)), PROTOBUF, PATH)

    assert engine.select(collector.store, "SELECT TraceId, SpanId FROM otel_logs") == [{"TraceId": "", "SpanId": ""}]


@pytest.mark.parametrize(
    "times", [{"time_unix_nano": 0, "observed_time_unix_nano": NANOS}, {"observed_time_unix_nano": 5}]
)
def test_a_record_without_a_time_has_that_at_which_it_was_observed(
    collector: RunningCollector, engine: Engine, times: dict[str, Any]
) -> None:
    collector.post(log_request(record(**times)), PROTOBUF, PATH)

    rows = engine.select(collector.store, "SELECT toUnixTimestamp64Nano(Timestamp) AS at FROM otel_logs")
    assert rows == [{"at": NANOS}]


def test_a_json_request_is_stored_and_answered_in_json(collector: RunningCollector, engine: Engine) -> None:
    one = {
        "traceId": TRACE.upper(),
        "spanId": SPAN,
        "severityNumber": "SEVERITY_NUMBER_ERROR",
        "body": {"intValue": "7"},
    }
    other = {"traceId": "no hex", "severityNumber": 17, "timeUnixNano": str(NANOS), "novelty": 1}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [one, other]}]}]}).encode()

    response = collector.post(gzip.compress(body), JSON, PATH, content_encoding="gzip")

    assert (response.status_code, response.headers["content-type"], response.json()) == (200, JSON, {})
    rows = engine.select(collector.store, "SELECT TraceId, SpanId, Body FROM otel_logs ORDER BY Body")
    assert rows == [{"TraceId": "", "SpanId": "", "Body": ""}, {"TraceId": TRACE, "SpanId": SPAN, "Body": "7"}]


def test_a_body_that_is_not_otlp_is_refused_in_its_encoding_and_kept(collector: RunningCollector) -> None:
    in_protobuf = collector.post(b"\x0a\xff", PROTOBUF, PATH)
    in_json = collector.post(b'{"resourceLogs": 5}', JSON, PATH)

    reason = "the body is not an OTLP ExportLogsServiceRequest"
    assert in_protobuf.status_code == in_json.status_code == 400
    assert Status.FromString(in_protobuf.content) == Status(code=INVALID_ARGUMENT, message=reason)
    assert in_json.json()["message"].startswith(f"{reason}: ")
    letters = [(letter["channel"], letter["code"], letter["body"]) for letter in collector.letters()]
    assert letters == [("logs", "invalid_protobuf", b"\x0a\xff"), ("logs", "invalid_otlp", b'{"resourceLogs": 5}')]


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_metrics_are_refused_for_good_in_their_encoding(collector: RunningCollector, media_type: str) -> None:
    response = collector.post(b"", media_type, "/v1/metrics")

    reason = "Milepost takes traces and logs, no metrics; set OTEL_METRICS_EXPORTER=none for this sender"
    status = Status.FromString(response.content) if media_type == PROTOBUF else Status(**response.json())
    assert (response.status_code, response.headers["content-type"]) == (404, media_type)
    assert status == Status(code=UNIMPLEMENTED, message=reason)
    assert "retry-after" not in response.headers
    assert collector.letters() == []
    assert collector.total("requests_refused_total") == 1


LOG_BODY = log_request(record({"a": [1, b"\x00"]}, attributes=key_values({"b": 1.5})), record("fine", 9))


@FUZZ
@given(
    st.binary(max_size=60) | MUTATIONS.map(lambda mutations: mutated(LOG_BODY, mutations)),
    st.sampled_from([PROTOBUF, JSON]),
)
def test_every_log_request_is_accounted_for(collector: RunningCollector, body: bytes, media_type: str) -> None:
    before = account(collector)

    response = collector.post(body, media_type, PATH)

    gained = {name: value - before[name] for name, value in account(collector).items()}
    assert response.status_code in (200, 400), response.content
    assert (gained["dead_letters"], gained["requests_refused"]) == (response.status_code == 400, 0)
