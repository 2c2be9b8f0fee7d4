"""Reads dated rates of currencies from a CSV file, and keeps the store's in line with it."""

import csv
import io
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path

from domain.errors import ConfigError, Problem
from domain.money import is_currency
from storage.client import Store
from storage.fx_rates import Rate, read_rates, write_rates

HEADER = ["date", "currency", "rate"]
_LARGEST = Decimal(10) ** 15
_SMALLEST = Decimal(10) ** -15
# What the store keeps of a rate: with more digits it would never be the one of the file.
_KEPT, _EXACT = Decimal("1e-18"), Context(prec=38)


def load_rates(path: Path) -> list[Rate]:
    """The rates of a file by currency and day; ConfigError names every line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise ConfigError([Problem(path, 0, 0, f"cannot be read: {cause}")]) from None
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    if header != HEADER:
        given = ",".join(header) or "nothing"
        raise ConfigError([Problem(path, 1, 0, f"begins with {given}; give the header {','.join(HEADER)}")])
    problems: list[Problem] = []
    rates: dict[tuple[str, date], Rate] = {}
    for row in rows:
        if not row:
            continue
        try:
            rate = _rate(row)
            if (rate.currency, rate.valid_on) in rates:
                raise ValueError(f"{rate.currency} has two rates of {rate.valid_on}; give one")
        except ValueError as error:
            problems.append(Problem(path, rows.line_num, 0, str(error)))
        else:
            rates[rate.currency, rate.valid_on] = rate
    if problems:
        raise ConfigError(problems)
    return [rates[key] for key in sorted(rates)]


def bring_rates_in(store: Store, rates: list[Rate], now: datetime) -> bool:
    """Makes these the store's rates; whether they were others before."""
    if read_rates(store) == rates:
        return False
    write_rates(store, rates, now)
    return True


def _rate(row: list[str]) -> Rate:
    if len(row) != len(HEADER):
        raise ValueError(f"has {len(row)} fields; give {', '.join(HEADER)}")
    day, currency, rate = (field.strip() for field in row)
    if not is_currency(currency):
        raise ValueError(f"currency is {currency!r}; give three capital letters, such as USD")
    return Rate(currency, _day(day), _number(rate))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"date is {text!r}; give a day such as 2026-11-02") from None


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not _SMALLEST <= number <= _LARGEST:
        raise ValueError(f"rate is {text!r}; give what one unit is worth in the reporting currency, such as 0.9215")
    return number.quantize(_KEPT, context=_EXACT)
