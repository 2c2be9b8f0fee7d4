"""Handoffs counted the plain way, from all events in memory: what the counts in the store must come to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.flow import Handoff, HandoffCount, lower_bound, told_duration
from domain.instants import EPOCH
from storage.events import EventRow

HUBS = {"customer"}


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone that an object reached."""

    type: str
    at: datetime
    legal_entity: str


def read_ways(events: Iterable[EventRow], through: datetime) -> dict[tuple[str, str], list[Reached]]:
    """The milestones of each object in order, of what was received by an instant."""
    first: dict[tuple[str, str], EventRow] = {}
    known = [event for event in events if _instant(event.received_us) <= through]
    for event in sorted(known, key=lambda one: (one.received_us, one.occurred_us)):
        first.setdefault((event.source, event.event_id), event)
    ways: dict[tuple[str, str], list[Reached]] = {}
    for event in sorted(first.values(), key=lambda one: (one.occurred_us, one.source, one.event_id)):
        for object_type, object_id, _ in event.objects:
            if object_type not in HUBS:
                reached = Reached(event.type, _instant(event.occurred_us), event.legal_entity)
                ways.setdefault((object_type, object_id), []).append(reached)
    return ways


def count_handoffs(
    ways: dict[tuple[str, str], list[Reached]], since: datetime, until: datetime, entity: str = ""
) -> list[HandoffCount]:
    """What a stretch of time comes to, by handoff; with an entity that of the objects that said it last."""
    lengths: dict[Handoff, list[timedelta]] = {}
    objects: Counter[Handoff] = Counter()
    repeated: Counter[Handoff] = Counter()
    for (object_type, _), way in ways.items():
        said = [reached.legal_entity for reached in way if reached.legal_entity]
        if entity and (not said or said[-1] != entity):
            continue
        seen: set[str] = set()
        made: set[Handoff] = set()
        before = None
        for reached in way:
            handoff = Handoff(object_type, before.type if before else "", reached.type)
            if since <= reached.at < until:
                lengths.setdefault(handoff, []).append(reached.at - (before or reached).at)
                objects[handoff] += handoff not in made
                repeated[handoff] += reached.type in seen
            seen.add(reached.type)
            made.add(handoff)
            before = reached
    return [
        HandoffCount(
            handoff,
            len(found),
            objects[handoff],
            repeated[handoff],
            _told(found, 0.5) if handoff.from_type else None,
            _told(found, 0.9) if handoff.from_type else None,
        )
        for handoff, found in sorted(lengths.items())
    ]


def _told(lengths: list[timedelta], share: float) -> timedelta | None:
    """The least length that so great a share does not exceed, as it is told."""
    ordered = sorted(lengths)
    place = next(number for number in range(1, len(ordered) + 1) if number >= share * len(ordered))
    return told_duration(lower_bound(ordered[place - 1]))


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
