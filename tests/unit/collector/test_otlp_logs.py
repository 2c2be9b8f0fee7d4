"""What is read of log requests, from protobuf and from JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from collector.receivers.otlp import JSON, PROTOBUF
from collector.receivers.otlp_logs import logs_success, read_logs
from domain.errors import InputError
from domain.instants import to_micros
from tests.builders import NOW

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def document(**record: Any) -> dict[str, Any]:
    """A JSON request of one record."""
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


def parsed(content: dict[str, Any]) -> ExportLogsServiceRequest:
    return ExportLogsServiceRequest.FromString(read_logs(JSON, json.dumps(content).encode(), NOW).body)


def refused(media_type: str, body: bytes) -> str:
    with pytest.raises(InputError) as refusal:
        read_logs(media_type, body, NOW)
    return f"{refusal.value.code}: {refusal.value}"


def test_a_protobuf_body_reaches_the_store_as_it_came() -> None:
    unknown_field_1000 = b"\xc2\x3e\x03new"
    body = (
        parsed(document(severityNumber=17, timeUnixNano="5", body={"stringValue": "no"})).SerializeToString()
        + unknown_field_1000
    )

    read = read_logs(PROTOBUF, body, NOW)

    assert (read.body, read.records, read.errors) == (body, 1, 1)


def test_a_request_without_errors_has_nothing_for_the_store() -> None:
    read = read_logs(JSON, json.dumps(document(severityNumber=9)).encode(), NOW)

    assert (read.body, read.records, read.errors) == (b"", 1, 0)


def test_an_error_without_a_time_was_observed_when_it_came() -> None:
    undated = parsed(document(severityNumber=17)).resource_logs[0].scope_logs[0].log_records[0]
    dated = parsed(document(severityNumber=17, timeUnixNano="5")).resource_logs[0].scope_logs[0].log_records[0]

    assert (undated.time_unix_nano, undated.observed_time_unix_nano) == (0, to_micros(NOW) * 1000)
    assert (dated.time_unix_nano, dated.observed_time_unix_nano) == (5, 0)


def test_json_keeps_every_value() -> None:
    request = parsed(
        document(
            timeUnixNano="1793611800000000001",
            observedTimeUnixNano=1793611800000000002,
            severityNumber=17,
            severityText="Error",
            body={"kvlistValue": {"values": [{"key": "n", "value": {"intValue": "9223372036854775807"}}]}},
            attributes=[{"key": "raw", "value": {"bytesValue": "AAH/"}}],
            flags=1,
            traceId=TRACE.upper(),
            spanId=SPAN,
            eventName="order.failed",
        )
    )

    [record] = request.resource_logs[0].scope_logs[0].log_records
    assert (record.time_unix_nano, record.observed_time_unix_nano) == (1793611800000000001, 1793611800000000002)
    assert (record.severity_number, record.severity_text, record.flags) == (17, "Error", 1)
    assert record.body.string_value == '{"n":9223372036854775807}'
    assert record.attributes[0].value.bytes_value == b"\x00\x01\xff"
    assert (record.trace_id.hex(), record.span_id.hex(), record.event_name) == (TRACE, SPAN, "order.failed")


def test_names_of_json_members_may_be_those_of_protobuf() -> None:
    one = {"trace_id": TRACE, "severity_number": 17}

    request = parsed({"resource_logs": [{"scope_logs": [{"log_records": [one]}]}]})

    assert request.resource_logs[0].scope_logs[0].log_records[0].trace_id.hex() == TRACE


@pytest.mark.parametrize(
    ("media_type", "body", "reason"),
    [
        (PROTOBUF, b"\x0a\xff", "invalid_protobuf: the body is not an OTLP ExportLogsServiceRequest"),
        (JSON, b"", "invalid_json: the body is not JSON: Input data was truncated"),
        (JSON, b"[" * 100_000, "invalid_json: the body is nested too deeply"),
        (JSON, b"[]", "invalid_otlp: the body is not an OTLP ExportLogsServiceRequest: it is no JSON object"),
    ],
)
def test_a_body_that_is_no_log_request_is_refused(media_type: str, body: bytes, reason: str) -> None:
    assert refused(media_type, body) == reason


def test_success_is_an_empty_response_in_the_encoding_of_the_request() -> None:
    assert (logs_success(PROTOBUF), logs_success(JSON)) == (b"", b"{}")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from([TRACE, SPAN, "ERROR"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceLogs", "scopeLogs", "logRecords", "traceId", "severityNumber", "severityText", "body"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    JSON_VALUES
    | JSON_VALUES.map(lambda value: document(traceId=value, severityNumber=17))
    | JSON_VALUES.map(lambda value: document(body=value, severityText="ERROR"))
)
def test_any_json_is_read_or_refused(content: Any) -> None:
    body = json.dumps(content).encode()
    try:
        read = read_logs(JSON, body, NOW)
    except InputError:
        return
    stored = ExportLogsServiceRequest.FromString(read.body)
    assert bool(stored.resource_logs) == bool(read.errors)
    assert read.errors <= read.records
