"""Rules as the engine passes them around, after the user's file was read and checked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from domain.calendar import Calendar
from domain.instants import EARLIEST
from domain.period import Periods


class Pairing(StrEnum):
    """Which `from` starts a clock and which `to` stops it."""

    FIRST = "first"
    EACH = "each"
    ONE_TO_ONE = "one_to_one"


@dataclass(frozen=True, slots=True)
class SeverityStep:
    """From this share of the window on, the alert has this level."""

    share: Fraction
    level: str


@dataclass(frozen=True, slots=True)
class Override:
    """Another window for the objects a condition holds for; the first that holds applies."""

    where: str
    within: timedelta


@dataclass(frozen=True, slots=True)
class Pause:
    """Time between these two milestones does not count."""

    from_type: str
    until_type: str


@dataclass(frozen=True, slots=True)
class Tenure:
    """The cases that a version of a rule judges: those that started at `since` or later, and before `until`."""

    since: datetime = EARLIEST
    until: datetime | None = None

    def takes(self, started_at: datetime) -> bool:
        """Whether a case that started then is judged by the version."""
        return self.since <= started_at and (self.until is None or started_at < self.until)


ALWAYS = Tenure()
NO_CASES = Tenure(until=EARLIEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """What every rule has, whatever its kind.

    `version` is a digest of the rule and its calendar: it changes when, and only when, a verdict could. A case that
    started outside `tenure` is another version's, and this one tells nothing of it.
    """

    group: str
    name: str
    version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    tenure: Tenure = ALWAYS

    @property
    @abstractmethod
    def event_types(self) -> frozenset[str]:
        """Every event type that can change this rule's verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRule(Rule):
    """A rule that judges each object of one type by its own history.

    `where` and other conditions are the user's texts, the keys of `Milestone.holds`.
    """

    object_type: str
    where: str | None = None

    @property
    @abstractmethod
    def opening_types(self) -> frozenset[str]:
        """The event types without one of which the rule has nothing to say of an object.

        A case starts at the instant of an event of these types.
        """

    @property
    def case_types(self) -> frozenset[str]:
        """The event types with one of which a case starts."""
        return self.opening_types

    @property
    def awaited_types(self) -> frozenset[str]:
        """The event types whose absence breaks the rule: while nobody would tell of them, its verdict is unknown."""
        return frozenset()

    @property
    def conditions(self) -> tuple[str, ...]:
        """The SQL conditions to ask of the milestones of the opening types."""
        return (self.where,) if self.where else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneRule(ObjectRule):
    """After `from_type` an object must reach `to_type` within `within`; see DESIGN, milestone.

    With `close` that must be before the cutoff of the period, too, in which the clock started.
    """

    from_type: str
    to_type: str
    within: timedelta
    pairing: Pairing = Pairing.FIRST
    skew: timedelta = timedelta(0)
    unless: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    calendar: Calendar | None = None
    pause: Pause | None = None
    at_risk: Fraction | None = None
    close: Periods | None = None
    severity: tuple[SeverityStep, ...] = (SeverityStep(Fraction(1), "warning"),)

    @property
    def event_types(self) -> frozenset[str]:
        """Every event type that can change this rule's verdict."""
        pauses = (self.pause.from_type, self.pause.until_type) if self.pause else ()
        return frozenset((self.from_type, self.to_type, *self.unless, *pauses))

    @property
    def opening_types(self) -> frozenset[str]:
        """What starts a clock."""
        return frozenset((self.from_type,))

    @property
    def awaited_types(self) -> frozenset[str]:
        """What stops a clock."""
        return frozenset((self.to_type,))

    @property
    def conditions(self) -> tuple[str, ...]:
        """The rule's own condition and those of its overrides."""
        return (*([self.where] if self.where else []), *(override.where for override in self.overrides))


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRule(ObjectRule):
    """The first `event_type` of an object must have a `requires` at or before it; see DESIGN, sequence."""

    event_type: str
    requires: str
    unless: tuple[str, ...] = ()
    level: str = "warning"

    @property
    def event_types(self) -> frozenset[str]:
        """Both of the sequence, and what ends an alert."""
        return frozenset((self.event_type, self.requires, *self.unless))

    @property
    def opening_types(self) -> frozenset[str]:
        """What must not come by itself."""
        return frozenset((self.event_type,))

    @property
    def awaited_types(self) -> frozenset[str]:
        """What must stand before it."""
        return frozenset((self.requires,))
