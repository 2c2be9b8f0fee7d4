"""A key performance indicator: what it measures, of which cases it is made, and what it came to."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path


class Unit(StrEnum):
    """What a KPI's figure is counted in."""

    SECONDS = "seconds"
    SHARE = "share"
    MONEY = "money"
    COUNT = "count"


class Statistic(StrEnum):
    """How the figure follows from the cases: from their values, for `total` from their amounts."""

    MEDIAN = "median"
    MEAN = "mean"
    SUM = "sum"
    TOTAL = "total"


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Dimension(StrEnum):
    """What cases may be told apart by."""

    LEGAL_ENTITY = "legal_entity"
    REGION = "region"
    CURRENCY = "currency"
    SEGMENT = "segment"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class CaseSource:
    """How the cases of a KPI are found: by a statement over the milestones of one object type.

    `statement` is the SQL of `file`; the types say which events it reads as `from_types`, `to_types` and
    `unless_types`. With `own_amounts` an amount that an event leaves out is unknown, and not the object's.
    """

    object_type: str
    statement: str
    file: Path
    from_types: tuple[str, ...]
    to_types: tuple[str, ...] = ()
    unless_types: tuple[str, ...] = ()
    own_amounts: bool = False

    @property
    def types(self) -> list[str]:
        """All event types that it reads."""
        return sorted({*self.from_types, *self.to_types, *self.unless_types})


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI; `target` is in its unit, None where there is none.

    `version` changes with all that decides which cases it has.
    """

    id: str
    title: str
    description: str
    unit: Unit
    statistic: Statistic
    direction: Direction
    owner: str
    cases: CaseSource
    version: str
    target: Decimal | None = None

    def is_met(self, value: float | Decimal | None) -> bool | None:
        """Whether a figure meets the target; None where one of the two is unknown."""
        if value is None or self.target is None:
            return None
        reached = Decimal(value)
        return reached <= self.target if self.direction is Direction.LOWER else reached >= self.target


@dataclass(frozen=True, slots=True)
class MoneySum:
    """Amounts of cases in one currency, and how many cases stated none; `currency` is None where none did."""

    currency: str | None
    amount: Decimal | None
    cases: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts of cases by currency, and together in the reporting currency.

    `total` is of the cases that could be converted; `unconverted` could not, for want of an amount or of a rate.
    """

    by_currency: tuple[MoneySum, ...]
    reporting_currency: str
    total: Decimal | None
    unconverted: int


@dataclass(frozen=True, slots=True)
class ClosedCases:
    """Cases that ended in a period: how many, and what their values come to; None where there is none."""

    cases: int
    sum: float | None
    mean: float | None
    median: float | None
    p90: float | None
    money: Money


@dataclass(frozen=True, slots=True)
class OpenCases:
    """Cases that have begun and not ended: how many, and how long half of them, nine of ten and the oldest have waited.

    In seconds; None where none is open.
    """

    cases: int
    median_seconds: float | None
    p90_seconds: float | None
    oldest_seconds: float | None
    money: Money


@dataclass(frozen=True, slots=True)
class Figure:
    """What a KPI came to over [since, until), for one value of a dimension or, without a label, for all cases.

    `value` is in the KPI's unit, of money in the reporting currency, and None where it is unknown: no case decides it,
    or no amount could be converted. `before` is the value over the stretch of the same length before.
    """

    label: str | None
    since: datetime
    until: datetime
    value: Decimal | None
    before: Decimal | None
    closed: ClosedCases
    open: OpenCases
