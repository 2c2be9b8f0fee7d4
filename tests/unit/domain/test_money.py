"""Amounts as text: exact, bounded, never a float."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, format_amount, is_currency, parse_amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("12500.00", Decimal("12500"), id="two decimals"),
        pytest.param("-0.000000001", Decimal("-0.000000001"), id="the smallest step below zero"),
        pytest.param("9" * 29 + "." + "9" * 9, Decimal("9" * 29 + "." + "9" * 9), id="the largest the store holds"),
        pytest.param("0001.1000000000000", Decimal("1.1"), id="zeros that say nothing do not count as digits"),
        pytest.param("1.25E7", Decimal("12500000"), id="an exponent"),
        pytest.param("1e+28", Decimal(10**28), id="an exponent for the largest digit"),
        pytest.param("-12.5e-8", Decimal("-0.000000125"), id="a negative exponent"),
        pytest.param("1" + "0" * 50 + "e-50", Decimal(1), id="an exponent that takes zeros back"),
        pytest.param("0E999999999", Decimal(0), id="nothing however often"),
    ],
)
def test_amounts_are_read_exactly(text: str, expected: Decimal) -> None:
    assert parse_amount(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "Infinity", "1e", "1e1.5", "e5", "1,000.00", ".5", "5.", " 5", "0x10", "1_000"],
    ids=lambda text: f"reading {text!r}",
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_amount(text)


@pytest.mark.parametrize(
    "text",
    ["1" + "0" * 29, "0.0000000001", "1e29", "1e-10", "1.00E999999999", "1E-999999999"],
    ids=[
        *("a digit too large", "a digit too fine", "an exponent too large", "an exponent too fine"),
        *("an exponent beyond counting", "an exponent beyond seeing"),
    ],
)
def test_amounts_the_store_cannot_hold_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has too many digits"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        pytest.param("12500", "EUR", "12500.00", id="as many decimals as the currency has"),
        pytest.param("12500", "JPY", "12500", id="none for yen"),
        pytest.param("0.123456789", "EUR", "0.123456789", id="more where the amount has them"),
        pytest.param("12500", None, "12500", id="none where the currency is unknown"),
        pytest.param("1E+3", None, "1000", id="never an exponent"),
    ],
)
def test_amounts_are_written_in_plain_digits(amount: str, currency: str | None, expected: str) -> None:
    assert format_amount(Decimal(amount), currency) == expected


@given(
    st.decimals(-(10**28), 10**28, places=9, allow_nan=False, allow_infinity=False),
    st.sampled_from(["EUR", "JPY", "KWD", None]),
)
def test_what_is_written_is_read_back(amount: Decimal, currency: str | None) -> None:
    assert parse_amount(format_amount(amount, currency)) == amount


@given(st.decimals(-(10**28), 10**28, places=9, allow_nan=False, allow_infinity=False))
def test_an_exponent_changes_nothing(amount: Decimal) -> None:
    assert parse_amount(f"{amount:E}") == amount


def test_money_reads_as_amount_and_currency() -> None:
    assert str(Money(Decimal("12500"), "EUR")) == "12500.00 EUR"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("EUR", True), ("eur", False), ("EURO", False), ("E1R", False), ("ÄÖÜ", False), ("", False)],
    ids=lambda value: repr(value),
)
def test_a_currency_is_three_capital_letters(text: str, expected: bool) -> None:
    assert is_currency(text) is expected
