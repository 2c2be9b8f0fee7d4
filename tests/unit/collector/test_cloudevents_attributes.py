"""Attributes of a CloudEvent: which names and values there are, and that every mode judges them alike.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes
"""

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.receivers.cloudevents import BATCH
from domain.errors import InputError
from domain.instants import to_micros
from tests.builders import NOW
from tests.unit.collector.examples import Absent, event_with, read, read_binary, refusal, taken, text

NAMES = 'names are lower-case letters and digits, not "data"'


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"specversion": Absent}, 'invalid_specversion: specversion is None; "1.0" is taken', id="no specversion"
        ),
        pytest.param(
            {"specversion": "0.3"}, "invalid_specversion: specversion is '0.3'; \"1.0\" is taken", id="version 0.3"
        ),
        pytest.param(
            {"specversion": "1.0.2"},
            "invalid_specversion: specversion is '1.0.2'; \"1.0\" is taken",
            id="a patch version",
        ),
        pytest.param(
            {"specversion": 1.0},
            "invalid_attribute: specversion is 1.0; give a string",
            id="a version that is a number",
        ),
        pytest.param({"id": Absent}, "missing_id: id is missing; every event needs a non-empty id", id="no id"),
        pytest.param({"id": None}, "missing_id: id is missing; every event needs a non-empty id", id="an id of null"),
        pytest.param({"id": ""}, "missing_id: id is missing; every event needs a non-empty id", id="an empty id"),
        pytest.param({"id": 5}, "invalid_attribute: id is 5; give a string", id="an id that is a number"),
        pytest.param({"id": True}, "invalid_attribute: id is true; give a string", id="an id that is a boolean"),
        pytest.param({"id": ["a"]}, 'invalid_attribute: id is ["a"]; give a string', id="an id that is an array"),
        pytest.param(
            {"source": Absent},
            "missing_source: source is missing; every event needs a non-empty source",
            id="no source",
        ),
        pytest.param(
            {"source": ""},
            "missing_source: source is missing; every event needs a non-empty source",
            id="an empty source",
        ),
        pytest.param(
            {"source": "our crm"}, "invalid_source: source 'our crm' is not a URI reference", id="a source with a space"
        ),
        pytest.param(
            {"source": "{crm}"}, "invalid_source: source '{crm}' is not a URI reference", id="a source with braces"
        ),
        pytest.param(
            {"type": Absent}, "missing_type: type is missing; every event needs a non-empty type", id="no type"
        ),
        pytest.param(
            {"type": ""}, "missing_type: type is missing; every event needs a non-empty type", id="an empty type"
        ),
        pytest.param({"type": {}}, "invalid_attribute: type is {}; give a string", id="a type that is an object"),
        pytest.param(
            {"subject": ""},
            "invalid_attribute: subject is empty; leave it out or give it a value",
            id="an empty subject",
        ),
        pytest.param({"subject": 5}, "invalid_attribute: subject is 5; give a string", id="a subject that is a number"),
        pytest.param(
            {"dataschema": ""},
            "invalid_attribute: dataschema is empty; leave it out or give it a value",
            id="an empty data schema",
        ),
        pytest.param(
            {"datacontenttype": ""},
            "invalid_attribute: datacontenttype '' is not a media type such as application/json",
            id="an empty content type of the data",
        ),
        pytest.param(
            {"datacontenttype": "json"},
            "invalid_attribute: datacontenttype 'json' is not a media type such as application/json",
            id="a content type without a slash",
        ),
        pytest.param(
            {"correlationid": 1001},
            "invalid_attribute: correlationid is 1001; give a string",
            id="a correlation id that is a number",
        ),
    ],
)
def test_an_attribute_that_the_specification_forbids_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert refusal(read(text(**changes))) == reason


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("https://crm.example.com/eu/1?x=%20y#z", id="a URL"),
        pytest.param("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", id="a URN"),
        pytest.param("mailto:crm@example.com", id="a mail address"),
        pytest.param("/cloudevents/spec/pull/123", id="a path"),
        pytest.param("1-555-123-4567", id="a phone number"),
        pytest.param("http://[::1]:80/", id="an IPv6 address"),
        pytest.param("https://crm.example.com/büro", id="letters beyond ASCII, as an IRI has them"),
    ],
)
def test_any_uri_reference_is_a_source(source: str) -> None:
    assert taken(read(text(source=source))).source == source


@pytest.mark.parametrize(
    "name", ["time", "subject", "datacontenttype", "dataschema", "correlationid", "causationid", "traceparent", "x"]
)
def test_an_attribute_of_null_is_absent(name: str) -> None:
    without = taken(read(text(**{name: Absent})))

    assert taken(read(text(**{name: None}))) == without


def test_an_event_without_a_time_occurred_when_it_came() -> None:
    [candidate] = read(text(time=Absent)).candidates

    assert candidate.event.occurred_us == to_micros(NOW)
    assert not candidate.time_given


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param('"gold"', "gold", id="a string"),
        pytest.param('""', "", id="an empty string"),
        pytest.param("true", "true", id="true"),
        pytest.param("false", "false", id="false"),
        pytest.param("0", "0", id="zero"),
        pytest.param("2147483647", "2147483647", id="the largest integer"),
        pytest.param("-2147483648", "-2147483648", id="the smallest integer"),
        pytest.param(r'"\ud83d\ude00 é"', "😀 é", id="characters beyond ASCII"),
    ],
)
def test_an_extension_is_kept_in_its_canonical_string_form(raw: str, value: str) -> None:
    assert taken(read(event_with("tier", raw))).extensions == {"tier": value}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("2147483648", id="an integer beyond 32 bits"),
        pytest.param("-2147483649", id="an integer below 32 bits"),
        pytest.param("99999999999999999999999", id="an integer beyond 64 bits"),
        pytest.param("1.5", id="a fraction"),
        pytest.param("1.0", id="a fraction that is whole"),
        pytest.param("1e3", id="an exponent"),
        pytest.param("{}", id="an object"),
        pytest.param('["a"]', id="an array"),
    ],
)
def test_an_extension_of_another_type_is_refused(raw: str) -> None:
    expected = "invalid_attribute: extension 'tier' is not a string, a boolean or a 32-bit integer"

    assert refusal(read(event_with("tier", raw))) == expected


@pytest.mark.parametrize("changes", [{}, {"x": "1"}])
def test_an_identity_too_long_to_ask_the_store_for_is_refused(changes: dict[str, str]) -> None:
    reason = "invalid_attribute: source and id are longer than 15000 characters together; shorten them"

    assert refusal(read(text(id="e" * 14_998, **changes))) == reason
    assert taken(read(text(id="e" * 14_997, **changes)))


@pytest.mark.parametrize("name", ["Tier", "cost_center", "cost-center", "größe", "", "a b"])
def test_an_attribute_name_of_other_characters_is_refused(name: str) -> None:
    assert refusal(read(text(**{name: "x"}))) == f"invalid_attribute: attribute name {name!r}; {NAMES}"


def test_a_long_attribute_name_is_taken_as_the_specification_only_advises_against_it() -> None:
    assert taken(read(text(**{"a" * 30: "x"}))).extensions == {"a" * 30: "x"}


@pytest.mark.parametrize("name", ["id", "type", "subject", "correlationid", "causationid", "dataschema", "tier"])
@pytest.mark.parametrize(
    ("character", "code"),
    [
        pytest.param("\x00", "0000", id="NUL"),
        pytest.param("\n", "000A", id="a line feed"),
        pytest.param("\x7f", "007F", id="delete"),
        pytest.param("\x85", "0085", id="a C1 control character"),
        pytest.param("\ufdd0", "FDD0", id="a noncharacter inside the BMP"),
        pytest.param("\U0010ffff", "10FFFF", id="the last noncharacter"),
    ],
)
def test_a_character_that_no_attribute_may_hold_is_refused(name: str, character: str, code: str) -> None:
    reason = f"invalid_attribute: {name} holds U+{code}, which no attribute may"

    assert refusal(read(text(**{name: f"a{character}b"}))) == reason


@pytest.mark.parametrize("character", ["\xa0", "\xad", "\u200d", "\ue000", "\u2028", "\U0001f600"])
def test_an_unusual_character_that_is_allowed_is_taken(character: str) -> None:
    assert taken(read(text(id=f"a{character}b"))).event_id == f"a{character}b"


def test_of_a_member_named_twice_the_last_counts() -> None:
    assert taken(read(event_with("id", '"second"'))).event_id == "second"


@pytest.mark.parametrize(
    ("time", "instant"),
    [
        pytest.param("2026-11-02T09:30:00Z", datetime(2026, 11, 2, 9, 30, tzinfo=UTC), id="in UTC"),
        pytest.param("2026-11-02t09:30:00z", datetime(2026, 11, 2, 9, 30, tzinfo=UTC), id="in lower case"),
        pytest.param("2026-11-02T09:30:00+05:45", datetime(2026, 11, 2, 3, 45, tzinfo=UTC), id="east of UTC"),
        pytest.param("2026-11-02T09:30:00-23:59", datetime(2026, 11, 3, 9, 29, tzinfo=UTC), id="far west of UTC"),
        pytest.param("2026-11-02T09:30:00-00:00", datetime(2026, 11, 2, 9, 30, tzinfo=UTC), id="at an unknown offset"),
        pytest.param("2026-11-02T09:30:00.5Z", datetime(2026, 11, 2, 9, 30, 0, 500000, tzinfo=UTC), id="with tenths"),
        pytest.param(
            "2026-11-02T09:30:00.000001Z", datetime(2026, 11, 2, 9, 30, 0, 1, tzinfo=UTC), id="with microseconds"
        ),
        pytest.param(
            "2026-11-02T23:59:59.999999999Z",
            datetime(2026, 11, 2, 23, 59, 59, 999999, tzinfo=UTC),
            id="with nanoseconds, which are cut and never rounded into the next day",
        ),
        pytest.param("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC), id="on a leap day"),
        pytest.param("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC), id="the first that can be kept"),
        pytest.param(
            "2299-12-31T23:59:59.9999999Z",
            datetime(2299, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            id="the last that can be kept",
        ),
    ],
)
def test_a_time_of_rfc_3339_is_taken_in_every_mode(time: str, instant: datetime) -> None:
    rows = [
        taken(read(text(time=time))),
        taken(read(text(time=time, x="1"))),
        taken(read(f"[{text(time=time)}]", BATCH)),
        taken(read_binary(time=time.replace(" ", "%20"))),
    ]

    assert {row.occurred_us for row in rows} == {to_micros(instant)}


FORM = "is not RFC 3339, such as 2026-11-02T09:30:00Z"
NO_INSTANT = "names no instant; give one such as 2026-11-02T09:30:00Z"


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        pytest.param("", FORM, id="nothing"),
        pytest.param("2026-11-02T09:30:00", FORM, id="no zone"),
        pytest.param("2026-11-02 09:30:00Z", FORM, id="a space"),
        pytest.param("2026-11-02", FORM, id="a date alone"),
        pytest.param("2026-11-02T09:30Z", FORM, id="no seconds"),
        pytest.param("2026-11-02T09:30:00.Z", FORM, id="a point without digits"),
        pytest.param("2026-11-02T09:30:00,5Z", FORM, id="a comma"),
        pytest.param("2026-11-02T09:30:00+0100", FORM, id="an offset without a colon"),
        pytest.param("2026-11-02T09:30:00+01", FORM, id="an offset of hours"),
        pytest.param("20261102T093000Z", FORM, id="the basic format"),
        pytest.param("2026-W45-1T09:30:00Z", FORM, id="a week date"),
        pytest.param("1793611800", FORM, id="seconds since 1970"),
        pytest.param(" 2026-11-02T09:30:00Z", FORM, id="a space before it"),
        pytest.param("2026-02-30T00:00:00Z", NO_INSTANT, id="a day that is not"),
        pytest.param("2026-13-01T00:00:00Z", NO_INSTANT, id="a month that is not"),
        pytest.param("0000-01-01T00:00:00Z", NO_INSTANT, id="the year 0"),
        pytest.param("2016-12-31T23:59:60Z", NO_INSTANT, id="a leap second, which the store cannot hold"),
        pytest.param("2026-11-02T24:00:00Z", NO_INSTANT, id="24:00"),
        pytest.param("2026-11-02T09:30:00+24:00", NO_INSTANT, id="an offset of a day"),
        pytest.param("٢٠٢٦-11-02T09:30:00Z", NO_INSTANT, id="digits of another script"),
    ],
)
def test_a_time_of_another_form_is_refused_in_every_mode(time: str, reason: str) -> None:
    expected = f"invalid_time: time {time!r} {reason}"
    encoded = "".join(f"%{byte:02X}" for byte in time.encode())

    assert refusal(read(text(time=time))) == expected
    assert refusal(read(text(time=time, x="1"))) == expected
    assert refusal(read_binary(time=encoded)) == expected


@pytest.mark.parametrize(
    ("time", "told"),
    [
        pytest.param("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00", id="the year 1"),
        pytest.param("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00", id="before the year 1"),
        pytest.param("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00", id="after the year 9999"),
        pytest.param("1899-12-31T23:59:59.999999Z", "1899-12-31T23:59:59.999999+00:00", id="just too early"),
        pytest.param("2300-01-01T00:00:00Z", "2300-01-01T00:00:00+00:00", id="just too late"),
    ],
)
def test_a_time_that_the_store_cannot_hold_is_refused(time: str, told: str) -> None:
    expected = f"time_out_of_range: time {told} cannot be kept; give an instant from 1900 to 2299"

    assert refusal(read(text(time=time))) == expected


@pytest.mark.parametrize("raw", ["1793611800", "true", "{}"])
def test_a_time_that_is_no_string_is_refused(raw: str) -> None:
    assert refusal(read(event_with("time", raw))) == f"invalid_attribute: time is {raw}; give a string"


@pytest.mark.parametrize(
    ("traceparent", "ids"),
    [
        pytest.param(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
            id="a valid one",
        ),
        pytest.param(
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later",
            ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
            id="one of a later version",
        ),
        pytest.param("00-00000000000000000000000000000000-b7ad6b7169203331-01", ("", ""), id="a trace of zeros"),
        pytest.param("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", ("", ""), id="a span of zeros"),
        pytest.param("00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", ("", ""), id="in capitals"),
        pytest.param("garbage", ("", ""), id="something else"),
    ],
)
def test_a_trace_context_that_is_none_is_ignored(traceparent: str, ids: tuple[str, str]) -> None:
    row = taken(read(text(traceparent=traceparent)))

    assert (row.trace_id, row.span_id) == ids


VALUES = st.one_of(
    st.text(max_size=8), st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))])).map(lambda at: at.isoformat())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("specversion", "id", "source", "type", "subject", "dataschema", "correlationid"), VALUES),
            "time": TIMES | VALUES,
            "traceparent": VALUES,
            "data": st.recursive(
                VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=5
            ),
        },
    )
)
@example({"time": "2026-11-02T09:30:00.1234567Z"})
@example({"time": "2026-11-02 09:30:00+0100"})
@example({"data": {"amount": "١٢"}})
def test_an_extension_changes_nothing_else_that_is_read(changes: dict[str, Any]) -> None:
    """The common shape takes a shorter way through the code, which must not be another way of reading."""
    plain, extended = read(text(**changes)), read(text(x="1", **changes))

    assert [(candidate.event, candidate.time_given) for candidate in plain.candidates] == [
        (_without_extension(candidate.event), candidate.time_given) for candidate in extended.candidates
    ]
    assert len(plain.rejections) == len(extended.rejections)


def _without_extension(row: Any) -> Any:
    assert row.extensions == {"x": "1"}
    row.extensions = {}
    return row


@given(st.binary(max_size=60), st.sampled_from(["application/cloudevents+json", BATCH, "text/plain", ""]))
def test_every_body_is_taken_or_refused_with_a_reason(body: bytes, content_type: str) -> None:
    for sent in (body, b"[" + body + b"]", event_with("data", "@").replace(b"@", body)):
        with contextlib.suppress(InputError):
            assert all(rejection.reason for rejection in read(sent, content_type).rejections)
