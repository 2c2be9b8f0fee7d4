"""The data of a CloudEvent, as the JSON format and binary mode carry it.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#31-handling-of-data
"""

import pytest

from tests.unit.collector.examples import event_with, read, read_binary, refusal, taken, text

CANONICAL = '{"objects": [{"type": "order", "id": "O-1"}], "amount": "5.00"}'


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param('{"a":  [1, 2.50, null]}', id="an object, white space and all"),
        pytest.param('"text"', id="a string"),
        pytest.param('"{\\"objects\\": 5}"', id="a string that holds JSON"),
        pytest.param("1.50", id="a number"),
        pytest.param("false", id="a boolean"),
        pytest.param("[]", id="an array"),
        pytest.param('{"a": 1, "a": 2}', id="an object that names a member twice"),
        pytest.param('{"x": ' + "1" * 5000 + "}", id="a number of five thousand digits"),
        pytest.param('{"x": 1E400}', id="a number beyond any float"),
        pytest.param('"a\\u0000b"', id="a NUL character"),
    ],
)
def test_json_data_is_kept_as_it_was_written(raw: str) -> None:
    row = taken(read(event_with("data", raw)))

    assert (row.data, row.data_base64, row.objects) == (raw, False, [])


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/json", id="application/json"),
        pytest.param("TEXT/JSON; charset=utf-8", id="text/json in capitals with a charset"),
        pytest.param("application/vnd.order.v2+json", id="a +json suffix"),
    ],
)
def test_data_of_any_json_media_type_is_read(content_type: str) -> None:
    structured = taken(
        read(event_with("data", CANONICAL).replace(b'"data"', f'"datacontenttype":"{content_type}","data"'.encode()))
    )
    binary = taken(read_binary(CANONICAL.encode(), content_type))

    assert (structured.objects, structured.amount) == ([("order", "O-1", "")], "5.00")
    assert (binary.objects, binary.amount) == ([("order", "O-1", "")], "5.00")


def test_data_of_another_media_type_is_not_read() -> None:
    row = taken(read(event_with("data", CANONICAL).replace(b'"data"', b'"datacontenttype":"text/json5","data"')))

    assert (row.objects, row.amount, row.data) == ([], None, CANONICAL)


def test_a_string_of_another_media_type_is_the_data_itself() -> None:
    row = taken(read(text(datacontenttype="application/xml", data='<much wow="xml"/>')))

    assert (row.data, row.data_base64) == ('<much wow="xml"/>', False)


@pytest.mark.parametrize("changes", [{}, {"data": None}])
def test_no_data_and_null_are_kept_as_nothing(changes: dict[str, None]) -> None:
    row = taken(read(text(**changes)))

    assert (row.data, row.data_base64) == ("", False)


def test_data_in_base64_is_kept_so_and_never_taken_for_json() -> None:
    row = taken(read(text(data_base64="eyJvYmplY3RzIjogNX0=")))

    assert (row.data, row.data_base64, row.objects) == ("eyJvYmplY3RzIjogNX0=", True, [])


def test_data_in_base64_may_stand_beside_data_of_null() -> None:
    assert taken(read(text(data=None, data_base64="AAEC"))).data == "AAEC"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"data": 1, "data_base64": "AAEC"},
            "invalid_data: data and data_base64 are both there; give one",
            id="beside other data",
        ),
        pytest.param({"data_base64": "AAE"}, "invalid_data: data_base64 is not base64 text", id="with a digit too few"),
        pytest.param({"data_base64": "é==="}, "invalid_data: data_base64 is not base64 text", id="beyond ASCII"),
        pytest.param({"data_base64": "AA\nEC"}, "invalid_data: data_base64 is not base64 text", id="over two lines"),
        pytest.param({"data_base64": 5}, "invalid_data: data_base64 is not base64 text", id="as a number"),
    ],
)
def test_data_that_is_no_base64_is_refused(changes: dict[str, object], reason: str) -> None:
    assert refusal(read(text(**changes))) == reason


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(event_with("data", '"@"'), id="in the common shape"),
        pytest.param(event_with("x", '"1", "data": "@"'), id="with an extension"),
    ],
)
def test_data_that_is_no_utf8_is_refused(body: bytes) -> None:
    reason = "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"

    assert refusal(read(body.replace(b"@", b"\xff"))) == f"invalid_data: data is not JSON in UTF-8: {reason}"


def test_a_binary_body_that_is_no_text_is_kept_in_base64() -> None:
    row = taken(read_binary(b"\x00\xff", "image/png"))

    assert (row.data, row.data_base64, row.datacontenttype) == ("AP8=", True, "image/png")


def test_a_binary_body_is_read_behind_white_space() -> None:
    row = taken(read_binary(b"\r\n " + CANONICAL.encode()))

    assert row.objects == [("order", "O-1", "")]


@pytest.mark.parametrize("body", [b"{hello", b"{", b"hello", b'{"objects": [}'])
def test_a_binary_body_without_a_content_type_may_be_anything(body: bytes) -> None:
    row = taken(read_binary(body, "", subject="order/O-1"))

    assert (row.data, row.objects) == (body.decode(), [("order", "O-1", "")])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{", "Input data was truncated", id="cut off"),
        pytest.param(rb'"\ud800"', "half of a surrogate pair, such as \\ud800 alone", id="half of a surrogate pair"),
        pytest.param(
            b'"\xff"', "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte", id="no UTF-8"
        ),
    ],
)
def test_a_binary_body_that_is_not_the_json_it_claims_to_be_is_refused(body: bytes, reason: str) -> None:
    expected = f"invalid_json: the data is not JSON though its type says so: {reason}"

    assert refusal(read_binary(body)) == expected


@pytest.mark.parametrize("levels", [65, 900, 100_000])
def test_a_binary_body_nested_too_deeply_is_refused(levels: int) -> None:
    expected = "nested_too_deeply: the data is nested deeper than 64 levels; send flatter JSON"

    assert refusal(read_binary(b"[" * levels + b"]" * levels)) == expected


def test_a_binary_event_without_a_body_has_no_data() -> None:
    row = taken(read_binary(b"", "text/plain"))

    assert (row.data, row.data_base64, row.datacontenttype) == ("", False, "")
