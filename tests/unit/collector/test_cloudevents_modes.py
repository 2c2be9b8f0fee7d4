"""The three ways a CloudEvent comes over HTTP.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import json
from typing import Any

import pytest

from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.errors import InputError
from storage.events import EventRow
from tests.unit.collector.examples import (
    TIME_US,
    event,
    event_with,
    outcome,
    read,
    read_binary,
    refusal,
    taken,
    text,
)

SEND = "send application/cloudevents+json, application/cloudevents-batch+json, or binary mode (ce- headers)"


def test_a_structured_event_becomes_its_row() -> None:
    data = {"objects": [{"type": "order", "id": "O-1"}, {"type": "customer", "id": "C-9", "qualifier": "buyer"}]}
    body = event(
        subject="order/O-2",
        correlationid="q2c-1",
        causationid="7c2a",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        dataschema="order.approved/1",
        datacontenttype="application/json",
        channel="web",
        data={**data, "amount": "12500.00", "currency": "EUR", "legal_entity": "DE01", "region": "EMEA"},
    )

    assert taken(read(json.dumps(body))) == EventRow(
        source="crm",
        event_id="8d1f",
        type="order.approved",
        occurred_us=TIME_US,
        received_us=0,
        correlation_id="q2c-1",
        causation_id="7c2a",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        span_id="b7ad6b7169203331",
        subject="order/O-2",
        objects=[("order", "O-1", ""), ("customer", "C-9", "buyer")],
        amount="12500.00",
        currency="EUR",
        legal_entity="DE01",
        region="EMEA",
        attributes={},
        datacontenttype="application/json",
        dataschema="order.approved/1",
        extensions={"channel": "web"},
        data=json.dumps(body["data"]),
        data_base64=False,
    )


def test_a_binary_event_becomes_the_row_that_its_structured_form_becomes() -> None:
    data = '{"objects": [{"type": "order", "id": "O-1"}], "amount": 5}'
    structured = taken(
        read(event_with("data", data).replace(b'"data"', b'"datacontenttype":"application/json","x":7,"data"'))
    )

    binary = taken(read_binary(data.encode(), time="2026-11-02T09:30:00Z", x="7"))

    assert binary == structured


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/cloudevents+json", id="as registered"),
        pytest.param("application/cloudevents+json; charset=utf-8", id="with a charset"),
        pytest.param('Application/CloudEvents+JSON ;CharSet="UTF-8"; x=y', id="in odd case with parameters"),
        pytest.param("application/json", id="as plain JSON"),
        pytest.param("", id="without a content type"),
    ],
)
def test_structured_mode_is_known_by_its_media_type(content_type: str) -> None:
    assert outcome(text(), content_type) == "taken: 8d1f"


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/cloudevents-batch+json", id="as registered"),
        pytest.param("APPLICATION/CLOUDEVENTS-BATCH+JSON;charset=utf-8", id="in capitals with a charset"),
        pytest.param("application/json", id="as plain JSON"),
    ],
)
def test_batch_mode_is_known_by_its_media_type(content_type: str) -> None:
    received = read(f"[{text(id='a')}, {text(id='b')}]", content_type)

    assert received.is_batch
    assert [candidate.event.event_id for candidate in received.candidates] == ["a", "b"]


def test_structured_mode_beats_stray_headers() -> None:
    stray = {"ce-id": "stray", "ce-source": "stray", "ce-type": "stray", "ce-specversion": "0.3"}

    assert taken(read(text(), STRUCTURED, stray)).event_id == "8d1f"


def test_batch_mode_beats_stray_headers() -> None:
    assert taken(read(f"[{text()}]", BATCH, {"ce-id": "stray"})).event_id == "8d1f"


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        pytest.param(
            "application/cloudevents+avro",
            "unsupported_media_type: content type 'application/cloudevents+avro' is not taken; " + SEND,
            id="an event format that is not spoken here",
        ),
        pytest.param(
            "application/cloudevents",
            "unsupported_media_type: content type 'application/cloudevents' is not taken; " + SEND,
            id="no event format at all",
        ),
        pytest.param(
            "text/plain",
            "not_cloudevents: content type 'text/plain' without ce- headers; " + SEND,
            id="nothing of CloudEvents",
        ),
    ],
)
def test_a_request_in_no_known_mode_is_refused(content_type: str, reason: str) -> None:
    assert outcome(text(), content_type) == f"request refused: {reason}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "invalid_json: the body is not JSON: Input data was truncated", id="nothing"),
        pytest.param(
            b"\xef\xbb\xbf" + text().encode(),
            "invalid_json: the body is not JSON: JSON is malformed: invalid character (byte 0)",
            id="a byte order mark",
        ),
        pytest.param(
            b"{} {}",
            "invalid_json: the body is not JSON: JSON is malformed: trailing characters (byte 4)",
            id="two documents",
        ),
        pytest.param(
            event_with("data", "NaN"),
            "invalid_json: the body is not JSON: JSON is malformed: invalid character (byte 120)",
            id="a NaN literal",
        ),
        pytest.param(
            event_with("data", "[" * 100_000),
            "nested_too_deeply: the body is nested deeper than 64 levels; send flatter JSON",
            id="a hundred thousand brackets",
        ),
        pytest.param(
            event_with("data", r'"\ud800"'),
            "invalid_json: the body is not JSON: half of a surrogate pair, such as \\ud800 alone",
            id="half of a surrogate pair",
        ),
        pytest.param(
            b"[]",
            "not_cloudevents: the body is not a JSON object with the attributes of an event",
            id="an array",
        ),
        pytest.param(
            b" null ",
            "not_cloudevents: the body is not a JSON object with the attributes of an event",
            id="null",
        ),
    ],
)
def test_a_structured_body_that_is_no_json_object_is_refused_as_a_request(body: bytes, reason: str) -> None:
    assert outcome(body) == f"request refused: {reason}"


def test_an_empty_batch_is_a_request_without_events() -> None:
    received = read(b" [ ] ", BATCH)

    assert received.is_batch
    assert received.count == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{}", "Expected `array`, got `object`", id="an object"),
        pytest.param(b"[{}", "Input data was truncated", id="cut off"),
        pytest.param(b"[{} {}]", "JSON is malformed: expected ',' or ']' (byte 4)", id="no comma"),
        pytest.param(b"[{},]", "JSON is malformed: trailing comma in array (byte 4)", id="a comma too many"),
        pytest.param(b"[NaN]", "JSON is malformed: invalid character (byte 1)", id="a NaN literal"),
        pytest.param(b"[] x", "JSON is malformed: trailing characters (byte 4)", id="more after it"),
    ],
)
def test_a_batch_that_is_no_json_array_is_refused_as_a_request(body: bytes, reason: str) -> None:
    expected = f"request refused: invalid_json: the body is not a JSON array of events: {reason}"

    assert outcome(body, BATCH) == expected


def test_a_batch_of_a_million_brackets_is_refused_as_a_request() -> None:
    expected = "request refused: nested_too_deeply: the body is nested deeper than 64 levels; send flatter JSON"

    assert outcome(b"[" * 1_000_000, BATCH) == expected


def test_a_batch_of_more_events_than_one_request_may_hold_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read(b"[" + b",".join([b"1"] * 50_001) + b"]", BATCH)

    assert str(caught.value) == "the batch holds 50001 events; send at most 50000"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param(b"1", "Expected `object`, got `int`", id="a number"),
        pytest.param(b"null", "Expected `object`, got `null`", id="null"),
        pytest.param(b'"x"', "Expected `object`, got `str`", id="a string"),
        pytest.param(b"[]", "Expected `object`, got `array`", id="an array"),
        pytest.param(
            rb'{"id": "\ud83d"}', "half of a surrogate pair, such as \\ud800 alone", id="a text cut inside a character"
        ),
        pytest.param(
            b'{"id": "\xff"}', "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte", id="no UTF-8"
        ),
    ],
)
def test_an_item_of_a_batch_that_is_no_event_is_refused_alone(item: bytes, reason: str) -> None:
    body = f"[{text(id='a')}, ".encode() + item + f", {text(id='c')}]".encode()

    received = read(body, BATCH)

    assert [candidate.event.event_id for candidate in received.candidates] == ["a", "c"]
    [rejection] = received.rejections
    assert (rejection.index, rejection.event_id, rejection.raw) == (1, None, item)
    assert rejection.reason == f"not a JSON object with the attributes of an event: {reason}"


def test_a_refused_event_of_a_batch_is_kept_byte_for_byte() -> None:
    bad = '{ "specversion":"1.0" ,  "id":"é", "source":"crm"}'

    received = read(f"[{text()},\n\t{bad} ,{text(id='c')}]", BATCH)

    [rejection] = received.rejections
    assert (rejection.index, rejection.event_id, rejection.source, rejection.raw) == (1, "é", "crm", bad.encode())


@pytest.mark.parametrize(
    ("value", "subject"),
    [
        pytest.param("order/O-1", "order/O-1", id="plain"),
        pytest.param("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀", id="percent-encoded UTF-8"),
        pytest.param("%e2%82%ac", "€", id="lower-case hexadecimal"),
        pytest.param("%6F%72der", "order", id="encoded without need"),
        pytest.param("a+b", "a+b", id="a plus sign, which is no space"),
        pytest.param("%2525", "%25", id="decoded once only"),
        pytest.param("100%", "100%", id="a percent sign that encodes nothing"),
        pytest.param('"a b"', "a b", id="quoted, as older versions had it"),
        pytest.param(r'"a \"b\" \\ %20c"', r'a "b" \  c', id="quoted with escapes, then percent-encoded"),
        pytest.param('a"b', 'a"b', id="a quote that quotes nothing"),
        pytest.param("€".encode().decode("latin-1"), "€", id="UTF-8 that was not encoded"),
    ],
)
def test_a_header_value_is_unquoted_then_percent_decoded(value: str, subject: str) -> None:
    assert taken(read_binary(subject=value)).subject == subject


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("%C0%A0", id="an overlong encoding of a space"),
        pytest.param("%ED%A0%80", id="an encoded surrogate"),
        pytest.param("%FF", id="no UTF-8"),
        pytest.param("\xe9", id="Latin-1"),
    ],
)
def test_a_header_value_that_is_no_utf8_is_refused(value: str) -> None:
    expected = "invalid_header: header ce-subject is not percent-encoded UTF-8"

    assert refusal(read_binary(subject=value)) == expected


def test_the_content_type_of_a_binary_event_is_that_of_its_data() -> None:
    row = taken(read_binary(b"<a/>", 'Text/XML; charset="utf-8"'))

    assert (row.datacontenttype, row.data, row.data_base64) == ('Text/XML; charset="utf-8"', "<a/>", False)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param(
            {"datacontenttype": "text/plain"},
            "invalid_attribute: ce-datacontenttype is not a header; send Content-Type",
            id="the content type as an attribute",
        ),
        pytest.param(
            {"data": "x"},
            "invalid_attribute: attribute name 'data'; names are lower-case letters and digits, not \"data\"",
            id="the reserved name data",
        ),
        pytest.param(
            {"a-b": "x"},
            "invalid_attribute: attribute name 'a-b'; names are lower-case letters and digits, not \"data\"",
            id="a name with a hyphen",
        ),
        pytest.param(
            {"": "x"},
            "invalid_attribute: attribute name ''; names are lower-case letters and digits, not \"data\"",
            id="a name of nothing",
        ),
        pytest.param({"id": ""}, "missing_id: id is missing; every event needs a non-empty id", id="an empty id"),
        pytest.param(
            {"subject": "%00"}, "invalid_attribute: subject holds U+0000, which no attribute may", id="a NUL character"
        ),
    ],
)
def test_headers_that_are_no_attributes_are_refused(headers: dict[str, str], reason: str) -> None:
    assert refusal(read_binary(b"{}", "application/json", **headers)) == reason


def test_a_refused_binary_event_keeps_its_body() -> None:
    [rejection] = read_binary(b"\x00\xff", "image/png", specversion="0.3").rejections

    assert (rejection.event_id, rejection.source, rejection.raw) == ("8d1f", "crm", b"\x00\xff")


@pytest.mark.parametrize(
    "extra",
    [pytest.param({}, id="in the common shape"), pytest.param({"x": "1"}, id="with an extension")],
)
def test_unknown_members_do_not_change_what_is_read(extra: dict[str, Any]) -> None:
    row = taken(read(text(subject="order/O-1", data={"amount": "1.50"}, **extra)))

    assert (row.objects, row.amount, row.extensions) == ([("order", "O-1", "")], "1.50", extra)
