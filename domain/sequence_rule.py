"""Rules on the order in which things happen to an object; see DESIGN, sequence, and SequenceRule beside them."""

from dataclasses import dataclass

from domain.contract import StateMachine
from domain.rule import ObjectRule


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBeforeRule(ObjectRule):
    """The first `event_type` of an object must not come strictly before its first `not_before`."""

    event_type: str
    not_before: str
    unless: tuple[str, ...] = ()
    level: str = "warning"

    @property
    def event_types(self) -> frozenset[str]:
        """Both of the sequence, and what ends an alert."""
        return frozenset((self.event_type, self.not_before, *self.unless))

    @property
    def opening_types(self) -> frozenset[str]:
        """What must not come first."""
        return frozenset((self.event_type,))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWhileRule(ObjectRule):
    """No `event_type` may occur at or after a `from_type` and before the `until_type` that ends it.

    An `until_type` ends what began at or before it: one at the instant of the event, or of the last `from_type`, leaves
    the event outside.
    """

    event_type: str
    from_type: str
    until_type: str
    unless: tuple[str, ...] = ()
    level: str = "warning"

    @property
    def event_types(self) -> frozenset[str]:
        """The event, the two between which it must not occur, and what ends an alert."""
        return frozenset((self.event_type, self.from_type, self.until_type, *self.unless))

    @property
    def opening_types(self) -> frozenset[str]:
        """What must not occur."""
        return frozenset((self.event_type,))


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalRule(ObjectRule):
    """Every event must be a transition that the state machine allows; an illegal one leaves the state as it is."""

    machine: StateMachine
    unless: tuple[str, ...] = ()
    level: str = "warning"

    @property
    def event_types(self) -> frozenset[str]:
        """Every transition there is, and what ends an alert."""
        return self.opening_types | frozenset(self.unless)

    @property
    def opening_types(self) -> frozenset[str]:
        """Every transition there is."""
        return frozenset(event_type for legal in self.machine.transitions.values() for event_type in legal)
