"""Dated rates of currencies in the store: those that were loaded last count."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from storage.client import Store, encode_rows


class Rate(NamedTuple):
    """What one unit of a currency is worth in the reporting currency from a day on."""

    currency: str
    valid_on: date
    rate: Decimal


def read_rates(store: Store) -> list[Rate]:
    """The rates that count, by currency and day."""
    return [Rate(**row) for row in store.rows("fx_rates_in_force")]


def write_rates(store: Store, rates: Sequence[Rate], loaded_at: datetime) -> None:
    """Makes these the rates that count, instead of those before."""
    rows = [
        {"currency": one.currency, "valid_on": one.valid_on.isoformat(), "rate": str(one.rate), "loaded_at": loaded_at}
        for one in rates
    ]
    # A load without any rate is one, too: what was loaded before no longer counts.
    none = {"currency": "", "valid_on": "1970-01-01", "rate": "1", "loaded_at": loaded_at}
    store.insert("fx_rates", encode_rows(rows or [none]))
