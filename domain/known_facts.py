"""What was known of an object at each of its milestones, from what every event states on its own.

An event that leaves a fact out has the latest that an earlier event of the object stated. An earlier event
may arrive later: the milestone then gets another row, received when that event was, with what became known.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from domain.milestone import Facts, Milestone


class _Stated(NamedTuple):
    """A milestone in order of receipt; `position` is its place in order of occurrence."""

    received_at: datetime
    position: int
    facts: Facts


_FACTS: tuple[tuple[str, Callable[[Facts], object], Callable[[Facts, Facts], Facts]], ...] = (
    ("amount", lambda facts: facts.amount, lambda to, by: replace(to, amount=by.amount, currency=by.currency)),
    ("legal_entity", lambda facts: facts.legal_entity, lambda to, by: replace(to, legal_entity=by.legal_entity)),
    ("region", lambda facts: facts.region, lambda to, by: replace(to, region=by.region)),
)


def with_known_facts(stated: Iterable[Milestone]) -> list[Milestone]:
    """The milestones of one object with what was known at each, and again whenever that changed.

    Takes every milestone once, with the facts its own event states. Rows of one milestone share its identity
    and follow each other by `received_at`; the conditions in `holds` are left for the caller to ask.
    """
    rows: list[Milestone] = []
    arrived: list[_Stated] = []
    for position, milestone in enumerate(sorted(stated, key=lambda milestone: milestone.order)):
        for received_at, facts in _versions(milestone, arrived):
            rows.append(replace(milestone, received_at=received_at, facts=facts))
        insort(arrived, _Stated(milestone.received_at, position, milestone.facts))
    return rows


def _versions(milestone: Milestone, arrived: Sequence[_Stated]) -> Iterator[tuple[datetime, Facts]]:
    """The facts as first known and whenever an earlier event, received later, states one that is left out."""
    # Without an amount of its own an event's currency says nothing.
    own = milestone.facts if milestone.facts.amount is not None else replace(milestone.facts, currency=None)
    left_out = [(read, write) for _, read, write in _FACTS if read(own) is None]
    own = replace(own, left_out=frozenset(name for name, read, _ in _FACTS if read(own) is None))
    latest = [-1] * len(left_out)
    known_at, known = milestone.received_at, own
    for stated in arrived:
        facts = known
        for number, (read, write) in enumerate(left_out):
            if stated.position > latest[number] and read(stated.facts) is not None:
                latest[number] = stated.position
                facts = write(facts, stated.facts)
        if facts == known:
            continue
        if stated.received_at > known_at:
            yield known_at, known
            known_at = stated.received_at
        known = facts
    yield known_at, known
