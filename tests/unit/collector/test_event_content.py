"""What Milepost understands of an event's data: objects, money and attributes."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.event_content import Content, read_content
from domain.errors import InputError

ORDER = [("order", "O-1", "")]


def content(subject: str = "", **data: Any) -> Content:
    return read_content(json.dumps(data).encode(), subject)


def refused(raw: str | dict[str, Any]) -> str:
    data = raw if isinstance(raw, str) else json.dumps(raw)
    with pytest.raises(InputError) as caught:
        read_content(data.encode(), "")
    return f"{caught.value.code}: {caught.value}"


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        pytest.param('"12500.00"', "12500.00", id="as text"),
        pytest.param("12500.00", "12500.00", id="as a number, its digits kept"),
        pytest.param('"0"', "0", id="zero"),
        pytest.param("0.10", "0.10", id="a fraction that floats cannot hold"),
        pytest.param("-12.5", "-12.5", id="negative"),
        pytest.param('"+12.5"', "12.5", id="with a plus sign"),
        pytest.param(
            '"12345678901234567890123456789.123456789"', "12345678901234567890123456789.123456789", id="38 digits"
        ),
        pytest.param("12345678901234567890.12", "12345678901234567890.12", id="a number beyond floats"),
        pytest.param('"0.1234567890000"', "0.1234567890000", id="zeros after the ninth decimal"),
        pytest.param("1.25E7", "12500000", id="with an exponent"),
        pytest.param('"125e-2"', "1.25", id="as text with an exponent"),
        pytest.param("null", None, id="unknown"),
    ],
)
@pytest.mark.parametrize("beside", ["", '"objects": [], '], ids=["in another system's data", "beside objects"])
def test_an_amount_is_exact(raw: str, amount: str | None, beside: str) -> None:
    read = read_content(f'{{{beside}"amount": {raw}}}'.encode(), "").amount

    assert read == amount
    assert read is None or Decimal(read) == Decimal(raw.strip('"'))


ACCEPTED = 'give a decimal such as "12500.00", at most 29 digits before and 9 after the point'


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param('""', f"data.amount '' is not a number; {ACCEPTED}", id="empty"),
        pytest.param('"1,000.00"', f"data.amount '1,000.00' is not a number; {ACCEPTED}", id="with a comma"),
        pytest.param('"12.50 EUR"', f"data.amount '12.50 EUR' is not a number; {ACCEPTED}", id="with its currency"),
        pytest.param('" 1"', f"data.amount ' 1' is not a number; {ACCEPTED}", id="with a space"),
        pytest.param('"1\\n"', f"data.amount '1\\n' is not a number; {ACCEPTED}", id="with a line feed"),
        pytest.param('".5"', f"data.amount '.5' is not a number; {ACCEPTED}", id="without a digit before the point"),
        pytest.param('"NaN"', f"data.amount 'NaN' is not a number; {ACCEPTED}", id="NaN"),
        pytest.param('"-Infinity"', f"data.amount '-Infinity' is not a number; {ACCEPTED}", id="infinity"),
        pytest.param('"0x10"', f"data.amount '0x10' is not a number; {ACCEPTED}", id="hexadecimal"),
        pytest.param("1e29", f"data.amount '1e29' has too many digits; {ACCEPTED}", id="an endless exponent"),
        pytest.param(
            '"123456789012345678901234567890"',
            f"data.amount '123456789012345678901234567890' has too many digits; {ACCEPTED}",
            id="thirty digits",
        ),
        pytest.param("0.1234567891", f"data.amount '0.1234567891' has too many digits; {ACCEPTED}", id="ten decimals"),
        pytest.param("true", 'data.amount is not a number; give a decimal such as "12500.00"', id="a boolean"),
    ],
)
def test_an_amount_that_is_none_is_refused_beside_objects_and_unknown_elsewhere(raw: str, reason: str) -> None:
    assert refused(f'{{"objects": [], "amount": {raw}}}') == f"invalid_amount: {reason}"
    assert read_content(f'{{"amount": {raw}}}'.encode(), "order/O-1") == Content(ORDER)


def test_digits_of_another_script_become_digits_that_the_store_reads() -> None:
    assert content(amount="١٢.٥").amount == "12.5"


def test_an_amount_that_is_an_object_is_refused_beside_objects() -> None:
    reason = 'invalid_amount: data.amount is not a number; give a decimal such as "12500.00"'

    assert refused({"objects": [], "amount": {"value": 5}}) == reason


@pytest.mark.parametrize("currency", ["EUR", "JPY", "XXX"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    assert content(currency=currency).currency == currency


@pytest.mark.parametrize("currency", ["eur", "EURO", "E1R", "€", " EUR"])
def test_a_currency_of_another_form_is_refused_beside_objects_and_unknown_elsewhere(currency: str) -> None:
    expected = f"invalid_currency: data.currency {currency!r} is not a currency; give an ISO 4217 code such as EUR"

    assert refused({"objects": [], "currency": currency}) == expected
    assert content(amount="5", currency=currency) == Content([], amount="5")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"currency": None}, id="null"),
        pytest.param({"currency": ""}, id="empty"),
        pytest.param({}, id="missing"),
    ],
)
def test_no_currency_is_an_unknown_one(data: dict[str, Any]) -> None:
    assert content(**data).currency == ""


def test_objects_are_read_in_order_and_once_each() -> None:
    entries = [
        {"type": "payment", "id": "P-1"},
        {"type": "invoice", "id": "I-1", "qualifier": "settled", "other": 5},
        {"type": "payment", "id": "P-1", "qualifier": None},
    ]

    assert content(objects=entries).objects == [("payment", "P-1", ""), ("invoice", "I-1", "settled")]


GIVE = "give objects as [{type, id}] and texts for the rest"
SIZE = "needs a type and an id of 1 to 1024 characters"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(
            {"objects": 5},
            f"invalid_data: data: Expected `array | null`, got `int` - at `$.objects`; {GIVE}",
            id="a number",
        ),
        pytest.param(
            {"objects": [5]},
            f"invalid_data: data: Expected `object`, got `int` - at `$.objects[0]`; {GIVE}",
            id="an array of numbers",
        ),
        pytest.param(
            {"objects": [{"type": "order"}]},
            f"invalid_data: data: Object missing required field `id` - at `$.objects[0]`; {GIVE}",
            id="one without an id",
        ),
        pytest.param(
            {"objects": [{"type": "order", "id": 1001}]},
            f"invalid_data: data: Expected `str`, got `int` - at `$.objects[0].id`; {GIVE}",
            id="one with a number for an id",
        ),
        pytest.param(
            {"objects": [{"type": "order", "id": "O-1"}, {"type": "order", "id": ""}]},
            f"invalid_object: data.objects[1] {SIZE}",
            id="one with an empty id",
        ),
        pytest.param(
            {"objects": [{"type": "", "id": "O-1"}]},
            f"invalid_object: data.objects[0] {SIZE}",
            id="one with an empty type",
        ),
        pytest.param(
            {"objects": [{"type": "order", "id": "O" * 1025}]},
            f"invalid_object: data.objects[0] {SIZE}",
            id="one with an endless id",
        ),
        pytest.param(
            {"objects": [], "region": 5},
            f"invalid_data: data: Expected `str | null`, got `int` - at `$.region`; {GIVE}",
            id="a region that is a number beside them",
        ),
    ],
)
def test_objects_of_another_form_are_refused(data: dict[str, Any], reason: str) -> None:
    assert refused(data) == reason


@pytest.mark.parametrize(
    ("subject", "objects"),
    [
        pytest.param("order/O-1", ORDER, id="a type and an id"),
        pytest.param("order/O-1/line/2", [("order", "O-1/line/2", "")], id="an id with slashes"),
        pytest.param("order", [], id="no slash"),
        pytest.param("/O-1", [], id="no type"),
        pytest.param("order/", [], id="no id"),
        pytest.param("", [], id="nothing"),
        pytest.param("order/" + "O" * 2048, [], id="an endless id"),
    ],
)
def test_without_objects_the_subject_names_one(subject: str, objects: list[tuple[str, str, str]]) -> None:
    assert content(subject).objects == objects
    assert read_content(b"", subject).objects == objects


def test_an_empty_list_of_objects_says_that_there_are_none() -> None:
    assert content("order/O-1", objects=[]).objects == []


def test_objects_of_null_leave_it_to_the_subject() -> None:
    assert content("order/O-1", objects=None).objects == ORDER


def test_attributes_of_every_json_type_become_texts() -> None:
    data = b'{"attributes": {"s": "gold", "i": 1, "f": 1.50, "b": true, "n": null, "a": [1, 2], "o": {"z": 1}, "": ""}}'

    assert read_content(data, "").attributes == {
        "s": "gold",
        "i": "1",
        "f": "1.50",
        "b": "true",
        "a": "[1, 2]",
        "o": '{"z": 1}',
        "": "",
    }


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"amount": {"value": 5}, "customer": "C-9"}, id="an amount that is an object"),
        pytest.param({"amount": [1]}, id="an amount that is an array"),
        pytest.param({"attributes": [1]}, id="attributes that are an array"),
        pytest.param({"currency": 978}, id="a currency that is a number"),
        pytest.param({"legal_entity": {}}, id="a legal entity that is an object"),
        pytest.param({"Objects": 5}, id="words in other case"),
    ],
)
def test_the_shape_of_another_system_is_taken_and_not_read(data: dict[str, Any]) -> None:
    assert content("order/O-1", **data) == Content(ORDER)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["objects", "amount", "currency", "attributes", "type", "id"]), inner)
        ),
        max_leaves=10,
    )
)
def test_any_json_is_read_or_refused(data: Any) -> None:
    with contextlib.suppress(InputError):
        assert all(type_ and id_ for type_, id_, _ in read_content(json.dumps(data).encode(), "order/O-1").objects)
