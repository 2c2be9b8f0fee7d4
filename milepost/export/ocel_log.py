"""Stored events and objects in the terms of OCEL 2.0: ids unique in the whole log, types with their attributes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from storage.event_export import SharedNames, StoredEvent
from storage.object_statements import EventAttributeType, ObjectAttribute, ObjectStatement

TEXT = "string"
# OCEL has no place of its own for these.
_OWN_ATTRIBUTES = ("source", "correlation_id", "amount", "currency", "legal_entity", "region")
# OCEL's words for the types of attributes, by their names.
Declared = dict[str, str]


class OcelEvent(NamedTuple):
    """One event; relations are object ids with qualifiers."""

    id: str
    type: str
    time: str
    attributes: dict[str, str]
    relations: list[tuple[str, str]]


class OcelObject(NamedTuple):
    """One object; relations are ids of other objects with qualifiers."""

    id: str
    type: str
    attributes: list[ObjectAttribute]
    relations: list[tuple[str, str]]


class OcelLog:
    """A log that is read once, events before objects; what describes it whole is known afterwards."""

    def __init__(
        self,
        events: Iterable[StoredEvent],
        shared: SharedNames,
        statements: Iterable[ObjectStatement] = (),
        types: Iterable[EventAttributeType] = (),
    ) -> None:
        self._events = events
        self._statements = statements
        self._types = {(one.event_type, one.name): one.value_type for one in types}
        self._shared_event_ids = frozenset(shared.event_ids)
        self._shared_object_ids = frozenset(shared.object_ids)
        # The types of the objects that were named, by id.
        self._named: dict[str, str] = {}
        self.count = 0
        # The attributes of every type in the order of their first use.
        self.event_types: dict[str, Declared] = {}
        self.object_types: dict[str, Declared] = {}

    def events(self) -> Iterator[OcelEvent]:
        """Every event."""
        for stored in self._events:
            event = self._event(stored)
            declared = self.event_types.setdefault(event.type, {})
            for name in event.attributes:
                declared.setdefault(name, self._types.get((event.type, name), TEXT))
            self.count += 1
            yield event

    def objects(self) -> Iterator[OcelObject]:
        """Every object that an event or a file named, after all events."""
        described: set[str] = set()
        for stated in self._statements:
            one = OcelObject(
                self._name(stated.object_type, stated.object_id),
                stated.object_type,
                stated.attributes,
                [(self._name(link.type, link.id), link.qualifier) for link in stated.links],
            )
            declared = self.object_types.setdefault(one.type, {})
            for attribute in one.attributes:
                if declared.setdefault(attribute.name, attribute.value_type) != attribute.value_type:
                    declared[attribute.name] = TEXT
            described.add(one.id)
            yield one
        for id_, type_ in self._named.items():
            if id_ not in described:
                self.object_types.setdefault(type_, {})
                yield OcelObject(id_, type_, [], [])

    def _event(self, stored: StoredEvent) -> OcelEvent:
        event_id = stored.event_id
        if event_id in self._shared_event_ids:
            event_id = f"{stored.source}#{event_id}"
        relations = [(self._name(type_, id_), qualifier) for type_, id_, qualifier in stored.objects]
        own = {name: value for name in _OWN_ATTRIBUTES if (value := getattr(stored, name))}
        others = {f"attribute:{name}" if name in own else name: text for name, text in stored.attributes.items()}
        return OcelEvent(event_id, stored.type, stored.occurred_at, own | others, relations)

    def _name(self, type_: str, id_: str) -> str:
        """The id of an object in this log, which has the object from now on."""
        name = f"{type_}/{id_}" if id_ in self._shared_object_ids else id_
        self._named[name] = type_
        return name
