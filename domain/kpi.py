"""A key performance indicator: what it measures, of which cases it is made, and what it came to."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from domain.rule import MilestoneRule


class Unit(StrEnum):
    """What a KPI's figure is counted in."""

    SECONDS = "seconds"
    SHARE = "share"
    MONEY = "money"
    COUNT = "count"


class Statistic(StrEnum):
    """How the figure follows from the cases: from their values, for `total` from their amounts.

    `latest` adds up the values of those that ended last, as of what is read at instants; `ratio` is of their amounts to
    those of another KPI.
    """

    MEDIAN = "median"
    MEAN = "mean"
    SUM = "sum"
    LATEST = "latest"
    TOTAL = "total"
    RATIO = "ratio"

    @property
    def is_of_amounts(self) -> bool:
        """Whether it follows from amounts, and so from rates."""
        return self in (Statistic.TOTAL, Statistic.RATIO)


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
    HANDOFF = "handoff"
    RULE = "rule"


class Origin(StrEnum):
    """What the cases of a KPI are found in."""

    MILESTONES = "milestones"
    ALERTS = "alerts"
    DUTIES = "duties"
    TOUCHES = "touches"
    SIGNAL = "signal"


class JudgedRule(NamedTuple):
    """A milestone rule, and its own condition as checked SQL, empty without one."""

    rule: MilestoneRule
    condition: str = ""


@dataclass(frozen=True, slots=True)
class SignalReading:
    """A signal that is read at even instants, told apart by labels."""

    signal: str
    per: tuple[str, ...] = ()
    quiet_is_zero: bool = False


@dataclass(frozen=True, slots=True)
class CaseSource:
    """How the cases of a KPI are found: by a statement over its origin, or by reading a signal.

    `statement` is the SQL of `file`. Over the milestones of one object type the types say which events it reads as
    `from_types`, `to_types` and `unless_types`; with `own_amounts` an amount that an event leaves out is unknown, and
    not the object's. Over alerts and duties `alerts` names their rules, all with none; duties are those of `rules`.
    """

    object_type: str
    statement: str
    file: Path
    from_types: tuple[str, ...] = ()
    to_types: tuple[str, ...] = ()
    unless_types: tuple[str, ...] = ()
    own_amounts: bool = False
    origin: Origin = Origin.MILESTONES
    alerts: tuple[str, ...] = ()
    rules: tuple[JudgedRule, ...] = ()
    reading: SignalReading | None = None

    @property
    def types(self) -> list[str]:
        """All event types that it reads."""
        return sorted({*self.from_types, *self.to_types, *self.unless_types})


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI; `target` is in its unit, None where there is none. A ratio is of its amounts to those of `against`.

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
    against: "Kpi | None" = None

    def with_rules(self, rules: tuple[JudgedRule, ...]) -> "Kpi":
        """The same over the duties of these rules: of another version where they decide otherwise which there are."""
        against = self.against.with_rules(rules) if self.against else None
        if self.cases.origin is not Origin.DUTIES:
            return replace(self, against=against)
        named = self.cases.alerts
        taken = tuple(one for one in sorted(rules, key=_name) if not named or one.rule.name in named)
        facts = repr([(self.version, *_deciding(one)) for one in taken])
        version = hashlib.sha256(facts.encode()).hexdigest()[:12]
        return replace(self, against=against, cases=replace(self.cases, rules=taken), version=version)

    def is_met(self, value: float | Decimal | None) -> bool | None:
        """Whether a figure meets the target; None where one of the two is unknown."""
        if value is None or self.target is None:
            return None
        reached = Decimal(value)
        return reached <= self.target if self.direction is Direction.LOWER else reached >= self.target


def _name(judged: JudgedRule) -> str:
    return judged.rule.name


def _deciding(judged: JudgedRule) -> tuple[object, ...]:
    # How long a duty may take is no part of it: that is in the alerts.
    rule = judged.rule
    return (
        rule.name,
        rule.object_type,
        rule.from_type,
        rule.to_type,
        rule.unless,
        rule.pairing,
        rule.skew,
        rule.labels.get("handoff", ""),
        judged.condition,
    )


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
    or no amount could be converted. `before` is the value over the stretch of the same length before. `reason` says why
    the value is unknown, or what is not in it; it is empty where all is.
    """

    label: str | None
    since: datetime
    until: datetime
    value: Decimal | None
    before: Decimal | None
    closed: ClosedCases
    open: OpenCases
    reason: str = ""
