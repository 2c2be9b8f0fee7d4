"""When an event that comes again is the same, and when its id names another fact."""

from typing import Any

import msgspec
import pytest

from collector.event_content import same_content
from collector.receivers.cloudevents import Candidate
from tests.unit.collector.examples import Absent, event_with, read, read_binary, text

DATA = '{"objects": [{"type": "order", "id": "O-1"}], "amount": 5.10, "attributes": {"urgent": true, "lines": [1, 2]}}'


def is_same(first: Candidate, again: Candidate) -> bool:
    return same_content(again.event, msgspec.structs.asdict(first.event), time_given=again.time_given)


def only(body: bytes | str) -> Candidate:
    [candidate] = read(body).candidates
    return candidate


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DATA, id="word for word"),
        pytest.param(DATA.replace(" ", "\n\t "), id="with other white space"),
        pytest.param(
            '{"attributes":{"lines":[1,2],"urgent":true},"amount":5.10,"objects":[{"id":"O-1","type":"order"}]}',
            id="with its keys in another order",
        ),
        pytest.param(DATA.replace("5.10", "5.1"), id="with a number written otherwise"),
        pytest.param(DATA.replace("O-1", "\\u004f-1"), id="with a character escaped"),
    ],
)
def test_an_event_that_says_the_same_is_the_same(data: str) -> None:
    assert is_same(only(event_with("data", DATA)), only(event_with("data", data)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DATA.replace("O-1", "O-2"), id="another object"),
        pytest.param(DATA.replace("5.10", "5.11"), id="another amount"),
        pytest.param(DATA.replace("5.10", '"5.10"'), id="text for a number"),
        pytest.param(DATA.replace("true", "1"), id="one for true"),
        pytest.param(DATA.replace("[1, 2]", "[2, 1]"), id="an array in another order"),
        pytest.param(DATA.replace("[1, 2]", "[1, 2, 2]"), id="a longer array"),
        pytest.param(DATA.replace("}}", ', "new": null}}'), id="a member more"),
        pytest.param("null", id="no data"),
    ],
)
def test_an_event_with_other_data_is_another(data: str) -> None:
    assert not is_same(only(event_with("data", DATA)), only(event_with("data", data)))


def test_amounts_that_differ_beyond_the_digits_of_a_float_differ() -> None:
    first, again = (
        event_with("data", '{"amount": 12345678901234567.89}'),
        event_with("data", '{"amount": 12345678901234567.90}'),
    )

    assert not is_same(only(first), only(again))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"type": "order.cancelled"}, id="another type"),
        pytest.param({"time": "2026-11-02T09:30:00.000001Z"}, id="another time"),
        pytest.param({"subject": "order/O-2"}, id="another subject"),
        pytest.param({"subject": Absent}, id="no subject"),
        pytest.param({"correlationid": "q2c-2"}, id="another correlation id"),
        pytest.param({"causationid": "c-2"}, id="another cause"),
        pytest.param({"dataschema": "order/2"}, id="another schema"),
        pytest.param({"x": "1"}, id="an extension more"),
        pytest.param({"datacontenttype": "application/vnd.order+json"}, id="another content type"),
    ],
)
def test_an_event_with_another_attribute_is_another(changes: dict[str, Any]) -> None:
    attributes = {"subject": "order/O-1", "correlationid": "q2c-1", "causationid": "c-1", "dataschema": "order/1"}

    assert not is_same(only(text(**attributes)), only(text(**{**attributes, **changes})))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, id="under another span"
        ),
        pytest.param({"time": "2026-11-02T10:30:00+01:00"}, id="with its time in another zone"),
        pytest.param({"time": Absent}, id="without its time"),
        pytest.param({"subject": None}, id="with null for what is absent"),
        pytest.param({"datacontenttype": "application/json"}, id="with the content type that JSON implies"),
        pytest.param({"datacontenttype": 'Application/JSON; charset="UTF-8"'}, id="with a charset"),
    ],
)
def test_an_attribute_that_says_nothing_new_changes_nothing(changes: dict[str, Any]) -> None:
    assert is_same(only(text()), only(text(**changes)))


def test_an_event_is_the_same_in_every_mode() -> None:
    [binary] = read_binary(DATA.encode(), "application/json; charset=utf-8", time="2026-11-02T09:30:00Z").candidates

    assert is_same(only(event_with("data", DATA)), binary)


@pytest.mark.parametrize(
    ("member", "first", "again"),
    [
        pytest.param("data", "1.0", "1.00", id="text that would be equal numbers"),
        pytest.param("data_base64", "1e11", "100000000000", id="base64 that would be equal numbers"),
    ],
)
def test_what_is_no_json_is_compared_letter_by_letter(member: str, first: str, again: str) -> None:
    one, other = (only(text(datacontenttype="text/plain", **{member: data})) for data in (first, again))

    assert not is_same(one, other)
    assert is_same(one, one)
