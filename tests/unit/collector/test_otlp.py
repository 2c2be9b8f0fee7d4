"""OTLP trace requests over HTTP: protobuf and JSON read alike, and answered in their own encoding.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import json
from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector.receivers.otlp import INVALID_ARGUMENT, JSON, PROTOBUF, TraceRequest, failure, read_traces, success
from domain.errors import InputError
from tests.builders import otlp_request, span

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
LEFT_OUT = "spans have no 16-byte trace_id and 8-byte span_id, or one of zeros"


def document(**changes: Any) -> dict[str, Any]:
    """A JSON request with one span; `changes` set its members."""
    one = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "POST /orders",
        "startTimeUnixNano": "1793611800000000001",
        **changes,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


def parsed(document: Any) -> ExportTraceServiceRequest:
    """What a JSON request becomes for the store."""
    return ExportTraceServiceRequest.FromString(read_traces(JSON, json.dumps(document).encode()).body)


def only_span(request: ExportTraceServiceRequest) -> Any:
    [group] = request.resource_spans
    [scope] = group.scope_spans
    [one] = scope.spans
    return one


def refused(media_type: str, body: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_traces(media_type, body)
    return f"{caught.value.code}: {caught.value}"


def test_a_protobuf_request_goes_to_the_store_as_it_came() -> None:
    body = otlp_request(span(), span(span_id=b"12345678")).SerializeToString()

    assert read_traces(PROTOBUF, body) == TraceRequest(body, 2)


def test_a_request_of_fields_from_a_later_version_is_taken() -> None:
    body = otlp_request(span()).SerializeToString() + b"\xa2\x06\x03new"

    assert read_traces(PROTOBUF, body) == TraceRequest(body, 1)


@pytest.mark.parametrize("body", [b"", ExportTraceServiceRequest().SerializeToString()])
def test_an_empty_protobuf_request_is_taken(body: bytes) -> None:
    assert read_traces(PROTOBUF, body) == TraceRequest(b"", 0)


@pytest.mark.parametrize(
    "document", [{}, {"resourceSpans": []}, {"resourceSpans": [{}]}, {"resourceSpans": [{"scopeSpans": []}]}]
)
def test_an_empty_json_request_is_taken(document: Any) -> None:
    assert read_traces(JSON, json.dumps(document).encode()).spans == 0


def test_a_json_request_becomes_the_protobuf_request_that_says_the_same() -> None:
    request = parsed(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "crm"}}]},
                    "scopeSpans": [
                        {
                            "scope": {"name": "http", "version": "1.2"},
                            "spans": [
                                {
                                    "traceId": TRACE.upper(),
                                    "spanId": SPAN,
                                    "parentSpanId": PARENT,
                                    "name": "POST /orders",
                                    "kind": 2,
                                    "startTimeUnixNano": "1793611800000000001",
                                    "endTimeUnixNano": 1793611800250000003,
                                    "attributes": [
                                        {"key": "big", "value": {"intValue": "9223372036854775807"}},
                                        {"key": "number", "value": {"intValue": -9007199254740993}},
                                        {"key": "share", "value": {"doubleValue": 0.25}},
                                        {"key": "raw", "value": {"bytesValue": "AAH/"}},
                                        {"key": "list", "value": {"arrayValue": {"values": [{"boolValue": True}]}}},
                                    ],
                                    "links": [{"traceId": PARENT * 2, "spanId": PARENT}],
                                    "events": [{"timeUnixNano": "5", "name": "retry"}],
                                    "status": {"code": 2, "message": "no"},
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    one = only_span(request)
    values = {attribute.key: attribute.value for attribute in one.attributes}
    assert (one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex()) == (TRACE, SPAN, PARENT)
    assert (one.start_time_unix_nano, one.end_time_unix_nano) == (1793611800000000001, 1793611800250000003)
    assert (values["big"].int_value, values["number"].int_value) == (9223372036854775807, -9007199254740993)
    assert (values["share"].double_value, values["raw"].bytes_value) == (0.25, b"\x00\x01\xff")
    assert values["list"].string_value == "[true]"
    assert (one.links[0].trace_id.hex(), one.links[0].span_id.hex()) == (PARENT * 2, PARENT)
    assert (one.kind, one.events[0].name, one.status.code, one.status.message) == (2, "retry", 2, "no")
    assert request.resource_spans[0].resource.attributes[0].value.string_value == "crm"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        pytest.param({"kind": 3}, 3, id="as a number"),
        pytest.param({"kind": "SPAN_KIND_CLIENT"}, 3, id="by its name"),
        pytest.param({"kind": 99}, 99, id="one of a later version"),
        pytest.param({"kind": None}, 0, id="null"),
    ],
)
def test_a_kind_is_read_in_json(changes: dict[str, Any], kind: int) -> None:
    assert only_span(parsed(document(**changes))).kind == kind


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"order \ud83d", "order \ufffd"),
        (r"\udE00 order", "\ufffd order"),
        (r"\ud83d\ude00 \uD83D", "\U0001f600 \ufffd"),
        (r"\\ud83d \ud83d\n", "\\ud83d \ufffd\n"),
    ],
    ids=["a first half", "a second half", "a half behind a whole", "a backslash that is escaped"],
)
def test_half_a_character_costs_no_span(written: str, name: str) -> None:
    body = json.dumps(document(name="NAME")).replace("NAME", written).encode()

    assert only_span(ExportTraceServiceRequest.FromString(read_traces(JSON, body).body)).name == name


def test_a_null_is_what_is_not_said() -> None:
    array = {"key": "a", "value": {"arrayValue": {"values": [None, {"stringValue": "s"}]}}}
    empty = [{"key": "b", "value": None}, {"key": "c", "value": {"stringValue": None}}]

    one = only_span(parsed(document(attributes=[array, *empty], events=None, status=None, parentSpanId=None)))

    assert one.attributes[0].value.string_value == '[null,"s"]'
    assert [attribute.value.WhichOneof("value") for attribute in one.attributes[1:]] == [None, None]


def test_a_null_among_the_spans_is_one_without_ids() -> None:
    spans = document()["resourceSpans"][0]["scopeSpans"][0]["spans"]
    body = {"resourceSpans": [None, {"scopeSpans": [None, {"spans": [None, *spans]}]}]}

    request = read_traces(JSON, json.dumps(body).encode())

    assert (request.spans, request.rejected_spans) == (1, 1)


def test_unknown_members_of_json_are_ignored() -> None:
    assert only_span(parsed(document(novelty={"a": [1]}) | {"more": 1})).name == "POST /orders"


def test_names_of_json_members_may_be_those_of_protobuf() -> None:
    one = {"trace_id": TRACE, "span_id": SPAN, "name": "POST /orders"}

    read = only_span(parsed({"resource_spans": [{"scope_spans": [{"spans": [one]}]}]}))

    assert (read.trace_id.hex(), read.span_id.hex()) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param({"trace_id": b""}, id="no trace id"),
        pytest.param({"trace_id": bytes(range(15))}, id="a short trace id"),
        pytest.param({"trace_id": bytes(16)}, id="a trace id of zeros"),
        pytest.param({"span_id": b""}, id="no span id"),
        pytest.param({"span_id": bytes(range(9))}, id="a long span id"),
        pytest.param({"span_id": bytes(8)}, id="a span id of zeros"),
    ],
)
def test_a_span_without_valid_ids_is_left_out_and_the_others_are_taken(ids: dict[str, Any]) -> None:
    good = span("good", span_id=b"12345678")

    read = read_traces(PROTOBUF, otlp_request(span("bad", **ids), good).SerializeToString())

    assert (read.spans, read.rejected_spans, read.error_message) == (1, 1, f"1 {LEFT_OUT}")
    assert only_span(ExportTraceServiceRequest.FromString(read.body)) == good


@pytest.mark.parametrize("trace_id", ["", "xyz", "abc", "é" * 32, TRACE + "00"])
def test_a_json_span_without_valid_ids_is_left_out(trace_id: str) -> None:
    read = read_traces(JSON, json.dumps(document(traceId=trace_id)).encode())

    assert (read.spans, read.rejected_spans, read.error_message) == (0, 1, f"1 {LEFT_OUT}")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "invalid_json: the body is not JSON: Input data was truncated", id="nothing"),
        pytest.param(
            b"\xff", "invalid_json: the body is not JSON: JSON is malformed: invalid character (byte 0)", id="no UTF-8"
        ),
        pytest.param(b"[" * 100_000, "invalid_json: the body is nested too deeply", id="a hundred thousand brackets"),
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes, reason: str) -> None:
    assert refused(JSON, body) == reason


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[]", id="an array"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b'{"resourceSpans": 5}', id="spans that are a number"),
        pytest.param(b'{"resourceSpans": [5]}', id="a number among the spans"),
        pytest.param(json.dumps(document(traceId=5)).encode(), id="an id that is a number"),
        pytest.param(json.dumps(document(startTimeUnixNano="-1")).encode(), id="a time before 1970"),
        pytest.param(json.dumps(document(startTimeUnixNano="99999999999999999999")).encode(), id="a time over 64 bits"),
        pytest.param(json.dumps(document(kind="NO_KIND", name=[])).encode(), id="a name that is an array"),
    ],
)
def test_json_that_is_no_trace_request_is_refused(body: bytes) -> None:
    assert refused(JSON, body).startswith("invalid_otlp: the body is not an OTLP ExportTraceServiceRequest: ")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="JSON"),
        pytest.param(otlp_request(span()).SerializeToString()[:-3], id="cut off"),
        pytest.param(b"\x0a\x08\x12\x06\x12\x04\x2a\x02\xff\xfe", id="a name that is no UTF-8"),
    ],
)
def test_a_body_that_is_no_protobuf_request_is_refused(body: bytes) -> None:
    assert refused(PROTOBUF, body) == "invalid_protobuf: the body is not an OTLP ExportTraceServiceRequest"


def test_full_success_is_an_empty_response_in_the_encoding_of_the_request() -> None:
    assert success(PROTOBUF, 0, "") == b""
    assert json.loads(success(JSON, 0, "")) == {}


def test_partial_success_says_how_many_and_why_in_the_encoding_of_the_request() -> None:
    response = ExportTraceServiceResponse.FromString(success(PROTOBUF, 3, "no ids"))

    assert (response.partial_success.rejected_spans, response.partial_success.error_message) == (3, "no ids")
    assert json.loads(success(JSON, 3, "no ids")) == {
        "partialSuccess": {"rejectedSpans": "3", "errorMessage": "no ids"}
    }


def test_failure_is_a_status_in_the_encoding_of_the_request() -> None:
    status = Status.FromString(failure(PROTOBUF, INVALID_ARGUMENT, "not OTLP"))

    assert (status.code, status.message) == (3, "not OTLP")
    assert json.loads(failure(JSON, INVALID_ARGUMENT, "not OTLP")) == {"code": 3, "message": "not OTLP"}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from([TRACE, SPAN]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceSpans", "scopeSpans", "spans", "links", "traceId", "attributes", "value", "intValue"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_json_is_read_or_refused(document: Any) -> None:
    body = json.dumps(document).encode()
    try:
        read = read_traces(JSON, body)
    except InputError:
        return
    ExportTraceServiceRequest.FromString(read.body)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        read = read_traces(PROTOBUF, otlp_request(span()).SerializeToString() + body)
    except InputError:
        return
    ExportTraceServiceRequest.FromString(read.body)
