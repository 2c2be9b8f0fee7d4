"""Amounts between currencies: by the rates of both, exact to nine digits, and unknown without a rate."""

from decimal import Decimal

import pytest

from domain.conversion import conversion

RATES = {"USD": Decimal("0.9"), "GBP": Decimal("1.2")}


@pytest.mark.parametrize(
    ("amount", "currency", "wanted", "converted"),
    [
        ("100", "USD", "EUR", "90"),
        ("100", "EUR", "EUR", "100"),
        ("100", "GBP", "USD", "133.333333333"),
        ("100", "EUR", "USD", "111.111111111"),
        ("99999999999999999999999999999", "USD", "EUR", "89999999999999999999999999999.1"),
        ("100", "JPY", "JPY", "100"),
        ("100", "JPY", "EUR", None),
        ("100", "EUR", "JPY", None),
        ("100", "", "EUR", None),
    ],
)
def test_an_amount_goes_by_the_rates_of_both(amount: str, currency: str, wanted: str, converted: str | None) -> None:
    found = conversion(RATES, "EUR", wanted)(Decimal(amount), currency)

    assert found == (None if converted is None else Decimal(converted))
