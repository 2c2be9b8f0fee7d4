"""What was known of the milestones of one object, and from when on: which was the first of its role, as they arrived.

An event counts from the instant it was received, or occurred if that is later: a source whose clock runs
ahead does not make things happen before their time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from domain.instants import EARLIEST
from domain.milestone import Milestone
from domain.rule import ObjectRule
from rules.kinds.milestone import OCCURRED_AT, as_known, by_identity

KNOWN_AT = attrgetter("known_at")


class Start(NamedTuple):
    """From `known_at` on, this was the milestone that counts, and has been since `since`; None: none did."""

    known_at: datetime
    since: datetime
    milestone: Milestone | None


class Ending(NamedTuple):
    """From `known_at` on, this was the first milestone of its role; None: there was none."""

    known_at: datetime
    milestone: Milestone | None


def known_from(milestone: Milestone) -> datetime:
    """When a milestone begins to count."""
    return max(milestone.received_at, milestone.occurred_at)


def standing_at(changes: Sequence[Start] | Sequence[Ending], instant: datetime) -> Milestone | None:
    """The milestone that stood at an instant, by changes in order of `known_at`."""
    position = bisect_right(changes, instant, key=KNOWN_AT)
    return changes[position - 1].milestone if position else None


class Sightings:
    """Milestones of one role in order of occurrence; finds the first since an instant as knowledge grew."""

    def __init__(self, milestones: Sequence[Milestone]) -> None:
        self.milestones = milestones
        # The earliest that any milestone from here to the end became known: where nothing further on was
        # known sooner, the search can stop, which keeps histories that arrived in order cheap.
        self._sooner: list[datetime] = []
        for milestone in reversed(milestones):
            at = known_from(milestone)
            self._sooner.append(min(at, self._sooner[-1]) if self._sooner else at)
        self._sooner.reverse()

    def first_known(self, since: datetime, settled_at: datetime = EARLIEST) -> list[Ending]:
        """The first at or after `since`, each time a still earlier one became known.

        Of what was known by `settled_at` already only the last needs to be found.
        """
        found: list[Ending] = []
        position = bisect_left(self.milestones, since, key=OCCURRED_AT)
        while position < len(self.milestones):
            if found and (found[-1].known_at <= settled_at or self._sooner[position] >= found[-1].known_at):
                break
            milestone = self.milestones[position]
            if not found or known_from(milestone) < found[-1].known_at:
                found.append(Ending(known_from(milestone), milestone))
            position += 1
        found.reverse()
        return found


class EventsKnown:
    """The events of one object that a rule is about and that were known by an instant, in order of occurrence."""

    def __init__(self, rule: ObjectRule, history: Sequence[Milestone], through: datetime) -> None:
        known = [m for m in history if m.type in rule.event_types and known_from(m) <= through]
        self._where = rule.where
        self._versions = sorted(by_identity(known), key=lambda rows: rows[0].order)

    def counting(self, types: Collection[str]) -> list[tuple[Milestone, list[Start]]]:
        """Each event of these types for which the rule's condition was ever known to hold, with when it was."""
        found = ((rows[0], holding(self._counts, rows)) for rows in self._versions if rows[0].type in types)
        return [(milestone, changes) for milestone, changes in found if changes]

    def first(self, event_type: str) -> list[Start]:
        """The first event of a type for which the rule's condition holds, each time it was known to be another."""
        return first_start([changes for _, changes in self.counting((event_type,))])

    def sightings(self, types: Collection[str]) -> Sightings:
        """The events of these types, whether or not the rule's condition holds."""
        return Sightings([rows[0] for rows in self._versions if rows[0].type in types])

    def _counts(self, milestone: Milestone) -> bool:
        return self._where is None or self._where in milestone.holds


def holding(counts: Callable[[Milestone], bool], rows: Sequence[Milestone]) -> list[Start]:
    """When one milestone was known to count, or no longer to: facts it inherits may arrive after it."""
    changes: list[Start] = []
    for position in range(len(rows)):
        milestone = as_known(rows[: position + 1])
        known_at = max(rows[position].received_at, milestone.occurred_at)
        before = changes[-1] if changes else None
        if counts(milestone):
            since = before.since if before and before.milestone else known_at
            change = Start(known_at, since, milestone)
        elif before is None:
            continue
        else:
            change = Start(known_at, known_at, None)
        if before and before.known_at == known_at:
            changes[-1] = change
        elif before is None or before.milestone != change.milestone:
            changes.append(change)
    return changes


def first_start(starts: Sequence[Sequence[Start]]) -> list[Start]:
    """The first of all that count, in order of occurrence, each time it was known to be another one, or none."""
    changes = sorted(
        ((change, number) for number, held in enumerate(starts) for change in held),
        key=lambda item: item[0].known_at,
    )
    holding: dict[int, Milestone] = {}
    first: list[Start] = []
    best: int | None = None
    for known_at, batch in groupby(changes, key=lambda item: item[0].known_at):
        before = best
        for change, number in batch:
            if change.milestone:
                holding[number] = change.milestone
                # Numbers follow the order of occurrence.
                best = number if best is None else min(best, number)
            else:
                holding.pop(number, None)
                best = min(holding, default=None) if number == best else best
        milestone = None if best is None else holding[best]
        if not first or milestone != first[-1].milestone:
            since = first[-1].since if first and best == before else known_at
            first.append(Start(known_at, since, milestone))
    return first
