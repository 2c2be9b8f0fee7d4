"""What KPIs came to at full hours, for rules that watch them; a reading is written once and never changed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.kpi import Dimension, Kpi
from domain.kpi_watch import KpiReading, KpiValue, KpiWatch
from storage.client import Store, encode_rows

_SECOND = timedelta(seconds=1)


class ReadHours(NamedTuple):
    """The first and the last hour of which there is a reading."""

    first: datetime
    last: datetime


def read_hours(store: Store) -> dict[KpiWatch, ReadHours]:
    """From when until when there are readings, of all that was ever watched."""
    return {
        KpiWatch(
            row["kpi"],
            row["window_seconds"] * _SECOND,
            Dimension(row["dimension"]) if row["dimension"] else None,
        ): ReadHours(row["first_at"], row["last_at"])
        for row in store.rows("kpi_read_hours")
    }


def read_readings(store: Store, watch: KpiWatch, currency: str, after: datetime, through: datetime) -> list[KpiReading]:
    """The readings of the hours in (after, through], in order; of money those in a currency, which else is empty."""
    params = {**_key(watch), "currency": currency, "after": after, "through": through}
    return [
        KpiReading(
            row["at"],
            {
                label: KpiValue(value, reason)
                for label, value, reason in zip(row["labels"], row["figures"], row["reasons"], strict=True)
            },
            KpiValue(row["rest"], row["rest_reason"]),
            tuple(row["types"]),
        )
        for row in store.rows("kpi_readings", params)
    ]


def write_reading(store: Store, kpi: Kpi, watch: KpiWatch, currency: str, reading: KpiReading) -> None:
    """Keeps what was read at an hour."""
    row = {
        **_key(watch),
        "at": reading.at,
        "definition": kpi.version,
        "currency": currency,
        "labels": list(reading.values),
        "figures": [None if one.value is None else str(one.value) for one in reading.values.values()],
        "reasons": [one.reason for one in reading.values.values()],
        "rest": None if reading.rest.value is None else str(reading.rest.value),
        "rest_reason": reading.rest.reason,
        "types": list(reading.types),
    }
    store.insert("kpi_readings", encode_rows([row]))


def _key(watch: KpiWatch) -> dict[str, object]:
    return {"kpi": watch.kpi, "dimension": watch.dimension or "", "window_seconds": watch.window // _SECOND}
