"""What bodies become: JSON with exact numbers, XML as plain dicts, and what is neither."""

import contextlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.source_payload import array_items, read_payload
from domain.errors import InputError


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 0.10}', {"a": Decimal("0.10")}),
        (b"[123456789012345678901234567890]", [123456789012345678901234567890]),
        (b"\xef\xbb\xbf {}", {}),
        (b"<a>x</a>", {"a": "x"}),
        (
            b"\n<?xml version='1.0'?><n:a xmlns:n='urn:x' n:k='1'><n:b/><n:b>2</n:b></n:a>",
            {"a": {"@n": "urn:x", "@k": "1", "b": [None, "2"]}},
        ),
        (b"<a k='1'>x</a>", {"a": {"@k": "1", "#text": "x"}}),
        (b"<a><![CDATA[<b>]]></a>", {"a": "<b>"}),
    ],
)
def test_a_body_becomes_plain_data(body: bytes, expected: Any) -> None:
    assert read_payload(body) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "empty_body", id="nothing"),
        pytest.param(b" \n", "empty_body", id="white space"),
        pytest.param(b"hello", "invalid_json", id="a word"),
        pytest.param(b'{"a":', "invalid_json", id="half an object"),
        pytest.param(b'"\\ud800"', "invalid_json", id="half a surrogate pair"),
        pytest.param(b"[" * 100_000, "invalid_json", id="a deep well"),
        pytest.param(b"<a>", "invalid_xml", id="half an element"),
        pytest.param(b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "invalid_xml", id="an entity"),
        pytest.param(
            b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>", "invalid_xml", id="a file's content"
        ),
        pytest.param(
            b"<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>", "invalid_xml", id="a small bomb"
        ),
        pytest.param(b"<?xml version='1.0' encoding='none'?><a/>", "invalid_xml", id="an unknown encoding"),
    ],
)
def test_what_is_neither_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_payload(body)

    assert caught.value.code == code


def test_an_external_document_type_is_not_fetched() -> None:
    assert read_payload(b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a/>") == {"a": None}


@given(st.binary(max_size=60).map(lambda tail: b"<a>" + tail))
def test_no_xml_ends_in_another_error(body: bytes) -> None:
    with contextlib.suppress(InputError):
        assert set(read_payload(body)) == {"a"}


@pytest.mark.parametrize(
    ("body", "items"),
    [(b'[ {"a": 1.0}, 2 ]', [b'{"a": 1.0}', b"2"]), (b'{"a": 1}', []), (b"<a/>", [])],
)
def test_an_array_comes_apart_as_it_was_sent(body: bytes, items: list[bytes]) -> None:
    assert array_items(body) == items
