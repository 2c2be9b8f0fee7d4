"""What rules ask of KPIs: figures over a window of time, read at full hours, and the bounds they are held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from domain.config_file import show
from domain.duration import format_duration, parse_duration
from domain.kpi import Dimension, Unit
from domain.money import format_amount, is_currency, parse_amount

READ_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class KpiWatch:
    """The figure of a KPI over the `window` before each full hour: of all cases, or for each value of a dimension."""

    kpi: str
    window: timedelta
    dimension: Dimension | None = None


class KpiValue(NamedTuple):
    """A figure in its KPI's unit; one that is unknown has the reason instead."""

    value: Decimal | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KpiReading:
    """What a KPI came to at an instant, as it was known then, by label; `rest` is what all other labels have.

    Without a dimension the one label is empty. What is unknown has no value, and a reason. `types` are the event types
    that it follows from.
    """

    at: datetime
    values: Mapping[str, KpiValue]
    rest: KpiValue
    types: tuple[str, ...] = ()


class KnownKpis(NamedTuple):
    """The unit of each KPI by its id, and the currency that all money of KPIs is in."""

    units: Mapping[str, Unit]
    currency: str


class KpiBound(NamedTuple):
    """A bound as it was written: the way it is written says its unit. `currency` is that of money, else empty."""

    value: Decimal
    unit: Unit
    currency: str = ""


# What bounds of each unit look like.
ACCEPTED_BOUNDS = {
    Unit.SECONDS: "a duration such as 3d",
    Unit.SHARE: "a percentage such as 95%",
    Unit.MONEY: "an amount with its currency, such as 250000 EUR",
    Unit.COUNT: "a number such as 25",
}
_ACCEPTED = ", ".join(ACCEPTED_BOUNDS.values())


def parse_bound(value: object) -> KpiBound:
    """A bound on a KPI as people write it; ValueError says what is accepted."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    for read in (_share, _money, _count, _time):
        if found := read(text):
            return found
    raise ValueError(f"is {show(value)}; give {_ACCEPTED}")


def _share(text: str) -> KpiBound | None:
    number = _number(text[:-1]) if text.endswith("%") else None
    # A ratio may be more than the whole of what it is set against.
    return KpiBound(number / 100, Unit.SHARE) if number is not None and 0 <= number <= 1000 else None


def _money(text: str) -> KpiBound | None:
    amount, _, currency = text.rpartition(" ")
    if not is_currency(currency):
        return None
    try:
        return KpiBound(parse_amount(amount.strip()), Unit.MONEY, currency)
    except ValueError:
        return None


def _count(text: str) -> KpiBound | None:
    number = _number(text)
    return None if number is None else KpiBound(number, Unit.COUNT)


def _time(text: str) -> KpiBound | None:
    try:
        return KpiBound(Decimal(str(parse_duration(text).total_seconds())), Unit.SECONDS)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 15 else None


def write_figure(unit: Unit, value: Decimal, currency: str = "") -> str:
    """A figure or a bound as people read it."""
    if unit is Unit.SECONDS:
        return format_duration(timedelta(seconds=float(value)))
    if unit is Unit.SHARE:
        return f"{value * 100:.4g}%"
    if unit is Unit.MONEY:
        return f"{format_amount(value, currency or None)} {currency}".strip()
    return f"{value:.15g}"
