"""What is told of one finding of a rule, and which new one changes it; the same for rules of every kind."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from domain.alert import AlertState
from domain.milestone import Milestone
from domain.rule import Rule
from domain.source_silence import Unknown

# What is known only after it has happened waits this long before it is told: the events of one import arrive over
# several seconds, and alerts that live for one batch help nobody.
LATE_GRACE = timedelta(seconds=5)


class Finding(Protocol):
    """What a rule finds of one object: a clock and how it stands, or a breach.

    `clock` names it among the findings of the object. `start` is the milestone whose facts and source the alert takes.
    """

    @property
    def rule(self) -> Rule: ...
    @property
    def clock(self) -> str: ...
    @property
    def start(self) -> Milestone: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_by(self) -> Milestone | None: ...
    @property
    def within(self) -> timedelta | None: ...
    @property
    def is_paused(self) -> bool: ...


F = TypeVar("F", bound=Finding)


@dataclass(frozen=True, slots=True)
class Told(Generic[F]):
    """An alert's state with the finding behind it.

    For a retracted alert `case` is what had been told of it and `disproof` the finding that shows it wrong, None
    where there is nothing to find any more. `unknown` says why a suspended alert is not judged.
    """

    state: AlertState
    case: F
    severity: str
    deadline_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    changed_at: datetime
    disproof: F | None = None
    unknown: Unknown | None = None

    @property
    def gist(self) -> Hashable:
        """What makes two tellings the same."""
        facts = self.case.start.facts
        return (
            (self.state, self.severity, self.deadline_at, self.fired_at, self.resolved_at, self.case.is_paused),
            (facts.amount, facts.currency, facts.legal_entity, facts.region),
        )


# What is told, and the instant from which it is.
Change = tuple[datetime, Told[Any]]


class Reading(NamedTuple):
    """All that a rule tells of one object by an instant, and when time alone next changes that; None if never."""

    changes: Sequence[Change]
    due_at: datetime | None


def retell(told: Told[F] | None, new: Told[F] | None, disproof: F | None, known_at: datetime) -> Told[F] | None:
    """What is told after something new became known at `known_at`; `told` itself where nothing changes.

    `new` is what would be told to somebody who had heard nothing; where that is None, or is another version's to tell,
    an alert that was told is retracted, by `disproof` if there is such a finding.
    """
    if new is not None and not new.case.rule.tenure.takes(new.case.started_at):
        new = disproof = None
    if new is None and told is not None and told.state is not AlertState.RETRACTED:
        new = replace(told, state=AlertState.RETRACTED, resolved_at=None, changed_at=known_at, disproof=disproof)
    if new is None or (told is not None and new.gist == told.gist):
        return told
    return new
