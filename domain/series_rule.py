"""Rules that judge traffic instead of one object: what is missing, what passes a bound, what burns a budget."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.business_object import BusinessObject
from domain.calendar import Calendar
from domain.kpi import Dimension, Unit
from domain.kpi_watch import KpiWatch
from domain.rule import MilestoneRule, Rule

# Names and values, in the order of the names that the rule has its series by.
LabelSet = tuple[tuple[str, str], ...]


class Bound(StrEnum):
    """On which side of its value a threshold is broken."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRule(Rule):
    """A rule that judges series: one for each label set, or one in all."""

    level: str = "warning"

    @property
    @abstractmethod
    def subject(self) -> BusinessObject:
        """What its alerts are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRule(SeriesRule):
    """No `event_type` may stay away for longer than `stretch`, for each label set.

    A label set counts until nothing came of it for `forget_after`; one in `expect` always does.
    """

    event_type: str
    stretch: timedelta
    per: tuple[str, ...] = ()
    forget_after: timedelta = timedelta(days=30)
    expect: tuple[LabelSet, ...] = ()
    calendar: Calendar | None = None

    @property
    def event_types(self) -> frozenset[str]:
        """The one that must come."""
        return frozenset((self.event_type,))

    @property
    def subject(self) -> BusinessObject:
        """The event type."""
        return BusinessObject("event_type", self.event_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPair:
    """An event of an object and the one that it waits for."""

    object_type: str
    from_type: str
    to_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdRule(SeriesRule):
    """A signal may not stay beyond a value for `stretch`; it is measured over the `window` before each instant."""

    signal: str
    bound: Bound
    value: Decimal
    stretch: timedelta
    window: timedelta
    per: tuple[str, ...] = ()
    pair: EventPair | None = None

    @property
    def event_types(self) -> frozenset[str]:
        """Those of its pair."""
        return frozenset((self.pair.from_type, self.pair.to_type)) if self.pair else frozenset()

    @property
    def subject(self) -> BusinessObject:
        """The signal."""
        return BusinessObject("signal", self.signal)


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiThresholdRule(SeriesRule):
    """A KPI may not stay beyond a value for `stretch`; its figure is over the `window` before each full hour.

    `value` is in `unit`, of money in `currency`. There is a series for each value of the dimension, else one in all.
    """

    kpi: str
    bound: Bound
    value: Decimal
    unit: Unit
    currency: str
    stretch: timedelta
    window: timedelta
    dimension: Dimension | None = None

    @property
    def event_types(self) -> frozenset[str]:
        """None: what the KPI is made of is its own."""
        return frozenset()

    @property
    def subject(self) -> BusinessObject:
        """The KPI."""
        return BusinessObject("kpi", self.kpi)

    @property
    def watch(self) -> KpiWatch:
        """The figures that it judges."""
        return KpiWatch(self.kpi, self.window, self.dimension)


@dataclass(frozen=True, slots=True)
class BurnWindows:
    """A budget burns where both windows spend it this many times faster than would last for the whole time."""

    factor: Fraction
    long: timedelta
    short: timedelta
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRateRule(SeriesRule):
    """Of the clocks of a milestone rule, the share `objective` must end in time, over the time `over`.

    Fewer than `minimum` clocks in a long window say nothing.
    """

    objective: Fraction
    target: MilestoneRule
    over: timedelta
    windows: tuple[BurnWindows, ...]
    minimum: int

    @property
    def event_types(self) -> frozenset[str]:
        """Those of the milestone rule."""
        return self.target.event_types

    @property
    def subject(self) -> BusinessObject:
        """The milestone rule."""
        return BusinessObject("rule", self.target.name)


def write_labels(labels: LabelSet) -> str:
    """A label set as people read it; empty where there is one series in all."""
    return ", ".join(f"{name}={value or 'none'}" for name, value in labels)


def label_set(per: tuple[str, ...], values: Mapping[str, str]) -> LabelSet:
    """The values of these names as a label set; a name without a value has an empty one."""
    return tuple((name, values.get(name, "")) for name in per)
