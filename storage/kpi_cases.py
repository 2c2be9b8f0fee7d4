"""The cases that KPIs are made of in the store: kept in line with what arrives, and read as figures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.instants import EPOCH, to_micros
from domain.kpi import Dimension, Kpi, Money, MoneySum
from storage.client import Store
from storage.milestones import Stretch

# In this slice stand the cases that are open.
OPEN_SLICE = -1
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases count, by the values of each dimension; one that names none takes all."""

    chosen: Mapping[Dimension, Sequence[str]] = field(default_factory=dict)

    def params(self) -> dict[str, object]:
        """As statements take it."""
        names = {
            Dimension.LEGAL_ENTITY: "entities",
            Dimension.REGION: "regions",
            Dimension.CURRENCY: "currencies",
            Dimension.SEGMENT: "segments",
            Dimension.SOURCE: "sources",
        }
        return {name: list(self.chosen.get(dimension, ())) for dimension, name in names.items()}


ALL_CASES = CaseFilter()


@dataclass(frozen=True, slots=True)
class Pricing:
    """In which currency amounts are added up, and how many days old a rate may be."""

    currency: str
    rate_days: int


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """The cases of one slice and label: how many, what their values and amounts come to."""

    slice: int
    label: str
    cases: int
    sum: float | None
    mean: float | None
    median: float | None
    p90: float | None
    longest: float | None
    money: Money


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case behind a figure; `value` is how long it has waited where it is open."""

    object_type: str
    object_id: str
    started_at: datetime
    ended_at: datetime | None
    value: float | None
    amount: Decimal | None
    currency: str
    legal_entity: str
    region: str
    segment: str
    source: str


def keep_cases(
    store: Store,
    kpi: Kpi,
    stretch: Stretch,
    after: datetime | None,
    through: datetime,
    segment: str,
    *,
    touched: bool,
) -> None:
    """Brings the cases of a stretch's objects in line with what was received by `through`.

    `after` is how far they were before, None where there are none. Unless it is `touched`, and only the objects count
    that events have named since then, all do. Repeated for the same instants it changes nothing.
    """
    source = kpi.cases
    params = {
        "kpi": kpi.id,
        "definition": kpi.version,
        "object_type": stretch.object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        "touched": touched,
        "after": after or EPOCH,
        "through": through,
        "types": source.types,
        "from_types": list(source.from_types),
        "to_types": list(source.to_types),
        "unless_types": list(source.unless_types),
        "segment": segment,
        "own_amounts": source.own_amounts,
    }
    store.run("keep_kpi_cases", params, {"cases": source.statement})


def arrivals(store: Store, kpi: Kpi, after: datetime, through: datetime) -> int:
    """How many events that name an object of a KPI's type were received in (after, through]."""
    params = {"object_type": kpi.cases.object_type, "after": after, "through": through}
    arrived: int = store.rows("kpi_arrivals", params)[0]["arrived"]
    return arrived


def changed_days(store: Store, kpi: Kpi, through: datetime) -> list[date]:
    """The days before that of `through` of which `keep_cases` up to that instant wrote something."""
    version = 2 * to_micros(through)
    params = {
        "kpi": kpi.id,
        "definition": kpi.version,
        "versions": [version, version + 1],
        "today": through.date(),
    }
    return [row["day"] for row in store.rows("kpi_changed_days", params)]


def case_figures(
    store: Store,
    kpi: Kpi,
    since: datetime,
    until: datetime,
    slice_: timedelta,
    dimension: Dimension | None,
    cases: CaseFilter,
    pricing: Pricing,
) -> list[SliceFigures]:
    """What the cases that ended in [since, until) came to by slice and label; in OPEN_SLICE, those open at `until`."""
    params = {
        "kpi": kpi.id,
        "definition": kpi.version,
        "since": since,
        "until": until,
        "slice_us": slice_ // _MICROSECOND,
        "dimension": dimension or "",
        "reporting_currency": pricing.currency,
        "rate_days": pricing.rate_days,
        **cases.params(),
    }
    totals: dict[tuple[int, str], Mapping[str, Any]] = {}
    sums: dict[tuple[int, str], list[MoneySum]] = {}
    for row in store.rows("kpi_figures", params):
        key = (row["slice"], row["label"])
        if row["is_total"]:
            totals[key] = row
        else:
            stated = MoneySum(row["money_in"] or None, row["amount"], row["cases"], row["unknown"])
            sums.setdefault(key, []).append(stated)
    return [_figures(key, row, sums.get(key, ()), pricing.currency) for key, row in totals.items()]


def case_rows(
    store: Store,
    kpi: Kpi,
    since: datetime,
    until: datetime,
    cases: CaseFilter,
    *,
    is_open: bool,
    limit: int,
    offset: int = 0,
) -> tuple[list[CaseRow], int]:
    """A page of the cases behind a figure, the longest or largest first, and how many there are in all."""
    params = {
        "kpi": kpi.id,
        "definition": kpi.version,
        "since": since,
        "until": until,
        "is_open": is_open,
        "limit": limit,
        "offset": offset,
        **cases.params(),
    }
    rows = store.rows("kpi_case_rows", params)
    total = rows[0]["total"] if rows else 0
    return [CaseRow(**{name: value for name, value in row.items() if name != "total"}) for row in rows], total


def _figures(key: tuple[int, str], row: Mapping[str, Any], sums: Sequence[MoneySum], currency: str) -> SliceFigures:
    money = Money(tuple(sums), currency, row["converted"], row["unconverted"])
    return SliceFigures(
        *key,
        cases=row["cases"],
        sum=_known(row["sum_of_values"]),
        mean=_known(row["mean"]),
        median=_known(row["median"]),
        p90=_known(row["p90"]),
        longest=_known(row["longest"]),
        money=money,
    )


def _known(value: float | None) -> float | None:
    """What cases without any value come to is unknown, and not a number in the store."""
    return None if value is None or math.isnan(value) else value
