"""What files say of business objects beside their events, and of what type they declare attributes to be."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from domain.instants import format_instant
from storage.client import Store, encode_rows

_OBJECTS_A_PORTION = 10_000
# Tuples come as arrays.
_SETTINGS = {"input_format_json_named_tuples_as_objects": 0}


class ObjectAttribute(NamedTuple):
    """A value that an object has from an instant (RFC 3339) on; `value_type` is OCEL's word for what the text is."""

    name: str
    valid_from: str
    value: str
    value_type: str


class ObjectLink(NamedTuple):
    """Another object that an object is linked to."""

    type: str
    id: str
    qualifier: str


class ObjectStatement(msgspec.Struct, gc=False):
    """What is said of one object."""

    object_type: str
    object_id: str
    attributes: list[ObjectAttribute] = []
    links: list[ObjectLink] = []

    @property
    def key(self) -> "ObjectKey":
        """Its place in the order of an export."""
        return ObjectKey(self.object_type, self.object_id)


class ObjectKey(NamedTuple):
    """Type and id of an object, in whose order exports have them."""

    type: str = ""
    id: str = ""


class EventAttributeType(NamedTuple):
    """An attribute of the events of a type, and OCEL's word for what its text is."""

    event_type: str
    name: str
    value_type: str


class Statements(msgspec.Struct, forbid_unknown_fields=True):
    """What one source says: of objects, and of the attributes of events."""

    source: str
    objects: list[ObjectStatement] = []
    event_attributes: list[EventAttributeType] = []


class _Row(ObjectStatement, gc=False, kw_only=True):
    source: str
    received_at: str


_encode_lines = msgspec.json.Encoder().encode_lines


def insert_statements(store: Store, said: Statements, received_at: datetime) -> None:
    """Stores statements; the same again changes nothing."""
    if said.objects:
        received = format_instant(received_at)
        rows = [
            _Row(one.object_type, one.object_id, one.attributes, one.links, source=said.source, received_at=received)
            for one in said.objects
        ]
        store.insert("object_statements", _encode_lines(rows), settings=_SETTINGS)
    if said.event_attributes:
        store.insert("event_attribute_types", encode_rows([one._asdict() for one in said.event_attributes]))


def objects_after(store: Store, after: ObjectKey) -> list[ObjectStatement]:
    """The next portion of objects after a key, each with everything said of it; empty at the end."""
    params = {"object_type": after.type, "object_id": after.id, "limit": _OBJECTS_A_PORTION}
    return [
        ObjectStatement(
            row["object_type"],
            row["object_id"],
            [ObjectAttribute(name, format_instant(at), value, type_) for name, at, value, type_ in row["attributes"]],
            [ObjectLink(*link) for link in row["links"]],
        )
        for row in store.rows("export_objects", params)
    ]


def event_attribute_types(store: Store) -> list[EventAttributeType]:
    """The attributes of events that are something else than text, where files agree on what."""
    return [EventAttributeType(**row) for row in store.rows("event_attribute_types")]
