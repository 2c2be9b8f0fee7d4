"""Stored events in the terms of OCEL 2.0: ids that are unique in the whole log, and types with their attributes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from storage.event_export import SharedNames, StoredEvent

# OCEL has no place of its own for these.
_OWN_ATTRIBUTES = ("source", "correlation_id", "amount", "currency", "legal_entity", "region")


class OcelEvent(NamedTuple):
    """One event; relations are object ids with qualifiers."""

    id: str
    type: str
    time: str
    attributes: dict[str, str]
    relations: list[tuple[str, str]]


class OcelLog:
    """A log that is read once, event by event; what describes it whole is known afterwards."""

    def __init__(self, events: Iterable[StoredEvent], shared: SharedNames) -> None:
        self._events = events
        self._shared_event_ids = frozenset(shared.event_ids)
        self._shared_object_ids = frozenset(shared.object_ids)
        self.count = 0
        # The type of every object by id, and the attributes of every event type in the order of their first use.
        self.objects: dict[str, str] = {}
        self.event_types: dict[str, dict[str, None]] = {}

    @property
    def object_types(self) -> list[str]:
        """The types of the objects so far."""
        return sorted(set(self.objects.values()))

    def events(self) -> Iterator[OcelEvent]:
        """Every event."""
        for stored in self._events:
            event = self._event(stored)
            self.event_types.setdefault(event.type, {}).update(dict.fromkeys(event.attributes))
            self.count += 1
            yield event

    def _event(self, stored: StoredEvent) -> OcelEvent:
        event_id = stored.event_id
        if event_id in self._shared_event_ids:
            event_id = f"{stored.source}#{event_id}"
        relations = []
        for type_, id_, qualifier in stored.objects:
            name = f"{type_}/{id_}" if id_ in self._shared_object_ids else id_
            self.objects[name] = type_
            relations.append((name, qualifier))
        own = {name: value for name in _OWN_ATTRIBUTES if (value := getattr(stored, name))}
        others = {f"attribute:{name}" if name in own else name: text for name, text in stored.attributes.items()}
        return OcelEvent(event_id, stored.type, stored.occurred_at, own | others, relations)
