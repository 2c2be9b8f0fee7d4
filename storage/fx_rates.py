"""Dated rates of currencies in the store: those that were loaded last count."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from storage.client import Store, encode_rows

_MICROSECOND = timedelta(microseconds=1)


class Rate(NamedTuple):
    """What one unit of a currency is worth in the reporting currency from a day on."""

    currency: str
    valid_on: date
    rate: Decimal


def read_rates(store: Store) -> list[Rate]:
    """The rates that count, by currency and day."""
    return [Rate(**row) for row in store.rows("fx_rates_in_force")]


def latest_rates(store: Store, on: date, rate_days: int) -> dict[str, Decimal]:
    """What one unit of each currency is worth on a day, by rates no older than so many days."""
    rows = store.rows("fx_latest", {"priced_on": on, "rate_days": rate_days})
    return {row["currency"]: row["latest"] for row in rows}


def write_rates(store: Store, rates: Sequence[Rate], loaded_at: datetime) -> None:
    """Makes these the rates that count, instead of those before."""
    # A load at the instant of another, or before it by a clock that was set back, must not mix with it.
    last: datetime = store.rows("fx_rates_loaded_at")[0]["loaded_at"]
    loaded_at = max(loaded_at, last + _MICROSECOND)
    rows = [
        {"currency": one.currency, "valid_on": one.valid_on.isoformat(), "rate": str(one.rate), "loaded_at": loaded_at}
        for one in rates
    ]
    # A load without any rate is one, too: what was loaded before no longer counts.
    none = {"currency": "", "valid_on": "1970-01-01", "rate": "1", "loaded_at": loaded_at}
    store.insert("fx_rates", encode_rows(rows or [none]))
