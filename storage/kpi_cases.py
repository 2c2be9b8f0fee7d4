"""The cases that KPIs are made of in the store, read as figures."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from domain.kpi import Dimension, Kpi, Money, MoneySum, Statistic
from storage.client import Store
from storage.kpi_case_keeping import version_of

# In this slice stand the cases that are open.
OPEN_SLICE = -1
_MICROSECOND, _DAY = timedelta(microseconds=1), timedelta(days=1)


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
            Dimension.HANDOFF: "handoffs",
            Dimension.RULE: "rules",
        }
        return {name: list(self.chosen.get(dimension, ())) for dimension, name in names.items()}


ALL_CASES = CaseFilter()


@dataclass(frozen=True, slots=True)
class Pricing:
    """In which currency amounts are added up, and how many days old a rate may be.

    Rates say what others are worth in the currency `rates_in`; empty: in that one.
    """

    currency: str
    rate_days: int
    rates_in: str = ""

    def into(self, currency: str) -> "Pricing":
        """The same rates, and sums in another currency; an empty one leaves it."""
        return Pricing(currency or self.currency, self.rate_days, self.rates_in or self.currency)

    def params(self) -> dict[str, object]:
        """As statements take it."""
        return {
            "reporting_currency": self.currency,
            "base_currency": self.rates_in or self.currency,
            "rate_days": self.rate_days,
        }


@dataclass(frozen=True, slots=True)
class SliceFigures:
    """The cases of one slice and label: how many, what their values and amounts come to."""

    slice: int
    label: str
    cases: int
    sum: float | None
    latest: float | None
    mean: float | None
    median: float | None
    p90: float | None
    longest: float | None
    money: Money
    # What its money is set against, and how many cases are not in that.
    base: Decimal | None = None
    base_unconverted: int = 0
    # Whether amounts add up to more than the store can hold exactly.
    is_too_large: bool = False


class Unpriced(NamedTuple):
    """How many cases are in no sum: they state no amount (an empty currency), or there is no rate of their currency."""

    currency: str
    first_on: date
    cases: int


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
    handoff: str
    rule: str


def changed_days(store: Store, kpi: Kpi, after: datetime, through: datetime, today: date) -> list[date]:
    """The days before `today` of which `keep_cases` up to the instants in (after, through] wrote something."""
    params = {
        "kpi": kpi.id,
        "definition": kpi.version,
        "first": version_of(after) + 2,
        "last": version_of(through) + 1,
        "today": today,
    }
    return [row["day"] for row in store.rows("kpi_changed_days", params)]


def case_figures(
    store: Store,
    kpis: Collection[Kpi],
    since: datetime,
    until: datetime,
    slice_: timedelta,
    dimension: Dimension | None,
    cases: CaseFilter,
    pricing: Pricing,
    turn: datetime | None = None,
    *,
    asks_open: bool = True,
) -> dict[str, list[SliceFigures]]:
    """By KPI, what its cases that ended in [since, until) came to by slice and label; in OPEN_SLICE, those then open.

    The first slice ends at `turn`, where one is given, and all others are equally long. No two KPIs have the same id.
    Unless it `asks_open` there is no OPEN_SLICE.
    """
    turn = since + slice_ if turn is None else turn
    versions = {kpi.id: kpi.version for kpi in kpis}
    params = {
        "kpis": list(versions),
        "definitions": list(versions.values()),
        "since": since,
        "until": until,
        "turn": turn,
        **_days(store, versions, since, until, turn, slice_),
        "slice_us": slice_ // _MICROSECOND,
        "dimension": dimension or "",
        **pricing.params(),
        "asking_latest": [kpi.id for kpi in kpis if kpi.statistic is Statistic.LATEST],
        "asks_open": asks_open,
        **cases.params(),
    }
    totals: dict[tuple[str, int, str], Mapping[str, Any]] = {}
    sums: dict[tuple[str, int, str], list[MoneySum]] = {}
    for row in store.rows("kpi_figures", params):
        if row["definition"] != versions[row["kpi"]]:
            continue
        key = row["kpi"], row["slice"], row["label"]
        if row["is_total"]:
            totals[key] = row
        else:
            stated = MoneySum(row["money_in"] or None, row["amount"], row["cases"], row["unknown"])
            sums.setdefault(key, []).append(stated)
    found: dict[str, list[SliceFigures]] = {name: [] for name in versions}
    for key, total in totals.items():
        found[key[0]].append(_figures(key[1:], total, sums.get(key, ()), pricing.currency))
    return found


def unpriced(
    store: Store,
    kpi: Kpi,
    since: datetime,
    until: datetime,
    dimension: Dimension | None,
    cases: CaseFilter,
    pricing: Pricing,
) -> dict[str, list[Unpriced]]:
    """What of the cases that ended in [since, until) could not be converted, by label."""
    params = {
        "kpi": kpi.id,
        "definition": kpi.version,
        "since": since,
        "until": until,
        "dimension": dimension or "",
        **pricing.params(),
        **cases.params(),
    }
    found: dict[str, list[Unpriced]] = {}
    for row in store.rows("kpi_unpriced", params):
        found.setdefault(row["label"], []).append(Unpriced(row["money_in"], row["first_on"], row["cases"]))
    return found


def silent_sources(store: Store, kpi: Kpi, at: datetime) -> list[tuple[str, datetime]]:
    """The sources of a KPI's events that were silent at an instant, with since when."""
    rows = store.rows("kpi_silent_sources", {"types": kpi.cases.types, "at": at})
    return [(row["source"], row["since"]) for row in rows]


def sum_days(store: Store, kpi: Kpi, days: Sequence[date]) -> None:
    """Sums the cases of days that are over, so that figures need not read them; also again, where they changed."""
    if kpi.statistic is not Statistic.LATEST and days:
        store.run("sum_kpi_days", {"kpi": kpi.id, "definition": kpi.version, "days": list(days)})


def _days(
    store: Store, versions: Mapping[str, str], since: datetime, until: datetime, turn: datetime, slice_: timedelta
) -> dict[str, object]:
    """Of which days cases are read, and of which sums: those lie in one slice as a whole, and some KPI has a sum."""
    first, last = since.date(), until.date()
    days = [first + number * _DAY for number in range((last - first).days + 1)]
    whole = {day for day in days if _is_whole(datetime.combine(day, time(), UTC), since, until, turn, slice_)}
    stored: set[tuple[str, date]] = set()
    if whole:
        asked = {"kpis": list(versions), "definitions": list(versions.values()), "first": first, "last": last}
        found = store.rows("kpi_summed_days", asked)
        # A day of another definition is none of it.
        named = {(row["kpi"], row["day"]) for row in found if row["definition"] == versions[row["kpi"]]}
        stored = {(kpi, day) for kpi, day in named if day in whole}
    summed = {day for _, day in stored}
    some = {kpi for kpi, _ in stored}
    return {
        "plain_days": [day for day in days if day not in summed],
        "summed_days": sorted(summed),
        "unsummed": [kpi for kpi in versions if kpi not in some],
        "gaps": [(kpi, day) for kpi in sorted(some) for day in sorted(summed) if (kpi, day) not in stored],
    }


def _is_whole(begin: datetime, since: datetime, until: datetime, turn: datetime, slice_: timedelta) -> bool:
    """Whether a day lies in one slice."""
    end = begin + _DAY
    if begin < since or end > until:
        return False
    return end <= turn or (begin >= turn and (begin - turn) % slice_ + _DAY <= slice_)


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
        latest=_known(row["latest"]),
        mean=_known(row["mean"]),
        median=_known(row["median"]),
        p90=_known(row["p90"]),
        longest=_known(row["longest"]),
        money=money,
        is_too_large=bool(row["is_too_large"]),
    )


def _known(value: float | None) -> float | None:
    """What cases without any value come to is unknown, and not a number in the store."""
    return None if value is None or math.isnan(value) else value
