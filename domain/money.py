"""Amounts of money: Decimal with an ISO 4217 currency, never float, unknown is not zero."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal

from babel.numbers import get_currency_precision

# What the store's Decimal(38, 9) columns hold exactly: 29 digits before the point and 9 after it.
WHOLE_DIGITS = 29
FRACTION_DIGITS = 9
# Decimal's own default keeps 28 digits, fewer than the store does.
_EXACT = Context(prec=WHOLE_DIGITS + FRACTION_DIGITS + 10)
_AMOUNT = re.compile(r"[+-]?(\d{1,60})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,9}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
ACCEPTED_AMOUNT = (
    f'a decimal such as "12500.00", at most {WHOLE_DIGITS} digits before and {FRACTION_DIGITS} after the point'
)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency; amounts of different currencies never meet without a dated rate."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{format_amount(self.amount, self.currency)} {self.currency}"


def parse_amount(text: str) -> Decimal:
    """The exact amount a decimal text names, with or without exponent; ValueError on NaN, infinity, many digits."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"amount {text[:80]!r} is not a number; give {ACCEPTED_AMOUNT}")
    whole, fraction, exponent = match.group(1), match.group(2) or "", match.group(3)
    significant = (whole + fraction).lstrip("0")
    if not significant:
        return Decimal(0) if exponent else Decimal(text)
    before_point = len(significant) - len(fraction) + int(exponent or 0)
    after_point = len(significant.rstrip("0")) - before_point
    if before_point > WHOLE_DIGITS or after_point > FRACTION_DIGITS:
        raise ValueError(f"amount {text[:80]!r} has too many digits; give {ACCEPTED_AMOUNT}")
    return Decimal(text)


def is_currency(text: str) -> bool:
    """Whether a text has the form of an ISO 4217 code: three capital letters."""
    return _CURRENCY.fullmatch(text) is not None


def to_units(amount: Decimal) -> int:
    """The amount in whole billionths, so that sums of any number of amounts are exact."""
    return int(_EXACT.scaleb(amount, FRACTION_DIGITS))


def from_units(units: int) -> Decimal:
    """The amount of so many billionths."""
    return Decimal(units).scaleb(-FRACTION_DIGITS, Context(prec=max(1, len(str(abs(units))))))


def is_storable(amount: Decimal) -> bool:
    """Whether the store can hold an amount: a sum may be too large for it."""
    return bool(abs(amount) < 10**WHOLE_DIGITS)


def format_amount(amount: Decimal, currency: str | None) -> str:
    """The amount as exact plain digits, with at least the currency's own number of decimals."""
    decimals = get_currency_precision(currency) if currency else 0
    exact = _EXACT.quantize(amount, Decimal(1).scaleb(-decimals))
    return f"{exact if exact == amount else _EXACT.normalize(amount):f}"
