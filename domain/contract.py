"""Contracts as the parts pass them around, after their files were read: what is agreed of event types and objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

# The name of a type, or the words that a field may hold.
FieldType = str | tuple[str, ...]


class OnViolation(StrEnum):
    """What becomes of an event that breaks its contract: a dead letter, or stored with a flag."""

    REJECT = "reject"
    FLAG = "flag"


class OnForeignSource(StrEnum):
    """What becomes of what a source states although its word does not count: it is stored, or stored with a flag."""

    TAKE = "take"
    FLAG = "flag"


class Protection(StrEnum):
    """How personal data is kept: not at all, or as a keyed hash that only tells whether two are the same."""

    MASK = "mask"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Link:
    """Another object that an event names; only a link that joins makes one run of two."""

    object_type: str
    qualifier: str
    joins: bool


@dataclass(frozen=True, slots=True)
class StateMachine:
    """The legal transitions of an object type: state → event type → the state after it."""

    start: str
    transitions: Mapping[str, Mapping[str, str]]

    def step(self, state: str, event_type: str) -> str | None:
        """The state after an event; None where the event is illegal in this state.

        An event type that stands nowhere in the machine leaves the state as it is.
        """
        after = self.transitions.get(state, {}).get(event_type)
        if after is None and not any(event_type in legal for legal in self.transitions.values()):
            return state
        return after


@dataclass(frozen=True, slots=True)
class ObjectContract:
    """What is agreed of a type of business object; without `joins` it never makes one run of two by itself."""

    object_type: str
    version: int
    owner: str
    joins: bool
    machine: StateMachine | None


@dataclass(frozen=True, slots=True)
class EventContract:
    """What is agreed of an event type; `sources` are those whose word counts.

    For a field in `field_sources` the word of those named there counts, and nobody else's.
    """

    type: str
    version: int
    owner: str
    object_type: str
    sources: tuple[str, ...]
    required: Mapping[str, FieldType] = field(default_factory=dict)
    optional: Mapping[str, FieldType] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    personal_data: Mapping[str, Protection] = field(default_factory=dict)
    silent_after: Mapping[str, timedelta] = field(default_factory=dict)
    on_violation: OnViolation = OnViolation.FLAG
    aliases: tuple[str, ...] = ()
    field_sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    on_foreign_source: OnForeignSource = OnForeignSource.TAKE

    def __str__(self) -> str:
        return f"{self.type}/{self.version}"

    def sources_of(self, name: str) -> tuple[str, ...]:
        """The sources whose word counts for a field, such as attributes.tax_id."""
        return self.field_sources.get(name, self.sources)

    def may_state(self, source: str) -> bool:
        """Whether the word of a source counts for the event, or for any field of it."""
        return source in self.sources or any(source in owners for owners in self.field_sources.values())


@dataclass(frozen=True, slots=True)
class SourceContract:
    """What is agreed of a sending system: its other names, and after how long without a word it is silent.

    `rate_per_second` is how many events it may send; None is no limit.
    """

    source: str
    aliases: tuple[str, ...] = ()
    silent_after: timedelta | None = None
    rate_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Contracts:
    """All contracts, by event type, object type and source."""

    events: Mapping[str, EventContract] = field(default_factory=dict)
    objects: Mapping[str, ObjectContract] = field(default_factory=dict)
    sources: Mapping[str, SourceContract] = field(default_factory=dict)

    @property
    def protections(self) -> frozenset[Protection]:
        """The ways in which any contract keeps personal data."""
        return frozenset(way for contract in self.events.values() for way in contract.personal_data.values())

    def source_named(self, name: str) -> SourceContract | None:
        """The contract of the source that is called so, or so as well; None where there is none."""
        known = self.sources.get(name)
        return known or next((each for each in self.sources.values() if name in each.aliases), None)

    def joins(self, event_type: str, object_type: str, qualifier: str) -> bool:
        """Whether an event that names an object so makes its run and the object's other runs one.

        An object type that nothing is agreed of does not: most of them are products, employees or places, which
        thousands of runs have in common.
        """
        contract = self.events.get(event_type)
        for link in contract.links if contract else ():
            if (link.object_type, link.qualifier) == (object_type, qualifier):
                return link.joins
        known = self.objects.get(object_type)
        return known is not None and known.joins

    def silent_after(self, source: str, event_type: str | None = None) -> timedelta | None:
        """After how long a source counts as silent: of one event type, or of anything; None where nothing is agreed."""
        if event_type is not None:
            contract = self.events.get(event_type)
            return contract.silent_after.get(source) if contract else None
        known = self.sources.get(source)
        return known.silent_after if known else None
