"""OCEL 2.0 logs (https://www.ocel-standard.org) as JSON, XML or SQLite: events with the objects they are related to.

What a log says of objects themselves, attributes over time and relations to each other, comes before the events.
"""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import msgspec

from collector.files.items import (
    CanonicalData,
    EventItem,
    FileEvent,
    Found,
    NamedObject,
    ObjectsItem,
    Reading,
    event_item,
    plain_type,
    refused_item,
    texts,
)
from collector.files.objects import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    TEXT,
    object_items,
    type_items,
    valid_from,
    value_type,
)
from collector.files.source_file import SourceFile
from collector.files.times import rfc3339
from collector.files.xml_reading import Attributes, feed, local, new_parser, subtrees
from domain.errors import UsageError
from domain.money import is_currency, parse_amount
from storage.object_statements import EventAttributeType, ObjectAttribute, ObjectLink, ObjectStatement
from storage.ocel_sqlite import OcelSqlite, StoredObject

JSON_KEYS = frozenset({"objectTypes", "eventTypes", "objects", "events"})
SQLITE_MAGIC = b"SQLite format 3\0"
XML_TAGS = frozenset({"object-types", "event-types", "objects", "events"})
# JSON is read whole.
_LARGEST_DOCUMENT = 1024 * 1024 * 1024
# What SQLite reads has to lie on the disk, and a small .gz may hide very much.
_LARGEST_DATABASE = 16 * 1024 * 1024 * 1024
_CHUNK = 1024 * 1024
_OBJECTS_AT_ONCE = 2_000


class _Relationship(msgspec.Struct, gc=False):
    objectId: str
    qualifier: str | None = None


class _Attribute(msgspec.Struct, gc=False):
    name: str
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Event(msgspec.Struct, gc=False):
    id: str
    type: str
    time: str
    attributes: list[_Attribute] = []
    relationships: list[_Relationship] = []


class _ObjectAttribute(msgspec.Struct, gc=False):
    name: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    time: str | None = None


class _Object(msgspec.Struct, gc=False):
    id: str
    type: str
    attributes: list[_ObjectAttribute] = []
    relationships: list[_Relationship] = []


class _Declared(msgspec.Struct, gc=False):
    name: str
    type: str = TEXT


class _Type(msgspec.Struct, gc=False):
    name: str
    attributes: list[_Declared] = []


class _Log(msgspec.Struct):
    events: list[msgspec.Raw]
    objects: list[_Object] = []
    objectTypes: list[_Type] = []
    eventTypes: list[_Type] = []


_log_decoder = msgspec.json.Decoder(_Log)
_event_decoder = msgspec.json.Decoder(_Event)
_text_decoder = msgspec.json.Decoder(str)


def read(source: SourceFile, reading: Reading) -> Iterator[Found]:
    """What the log says of objects, then its events in the order of the file; in SQLite in the order of their ids."""
    builder = _Builder(reading.source or "ocel")
    if source.head.startswith(SQLITE_MAGIC):
        return _from_sqlite(source, builder)
    if source.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _from_json(source, builder)
    return _from_xml(source, builder)


class _Builder:
    """Makes canonical events and statements about objects, once it knows what type each object is of."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.object_types: dict[str, str] = {}
        # OCEL's words for what attributes are, by type of object and name.
        self.declared: dict[tuple[str, str], str] = {}

    def objects(self, statements: Iterable[ObjectStatement]) -> Iterator[ObjectsItem]:
        """The statements in items."""
        return object_items(self.source, statements)

    def attribute(self, object_type: str, name: str, time: str, value: str, found: str = TEXT) -> ObjectAttribute:
        """An attribute of an object; `found` is what the value looks like where its type is not declared."""
        kind = self.declared.get((object_type, name), found)
        return ObjectAttribute(name, valid_from(time), value, kind)

    def links(self, relations: Iterable[tuple[str, str]]) -> list[ObjectLink]:
        """Relations to other objects, given as their ids with qualifiers."""
        return [ObjectLink(self.object_types.get(id_, "object"), id_, qualifier) for id_, qualifier in relations if id_]

    def item(
        self,
        place: int,
        identity: tuple[str, str, str],
        relations: Iterable[tuple[str, str]],
        attributes: dict[str, str],
    ) -> EventItem:
        """An event of (id, type, time); `relations` are object ids with qualifiers."""
        event_id, type_, time = identity
        objects = [NamedObject(self.object_types.get(id_, "object"), id_, qualifier) for id_, qualifier in relations]
        data = CanonicalData(objects)
        # What `milepost export ocel` writes comes back as what it was.
        if "amount" in attributes and _is_amount(attributes["amount"]):
            data.amount = attributes.pop("amount")
        if "currency" in attributes and is_currency(attributes["currency"]):
            data.currency = attributes.pop("currency")
        data.legal_entity = attributes.pop("legal_entity", "")
        data.region = attributes.pop("region", "")
        data.attributes = attributes
        return event_item(place, FileEvent(event_id, self.source, plain_type(type_), rfc3339(time), data))


def _from_json(source: SourceFile, builder: _Builder) -> Iterator[Found]:
    with source.open() as file:
        text = file.read(_LARGEST_DOCUMENT + 1)
    if len(text) > _LARGEST_DOCUMENT:
        raise UsageError(f"{source.path}: OCEL as JSON over 1 GiB; give it as XML or SQLite, which are read in pieces")
    try:
        log = _log_decoder.decode(text.removeprefix(b"\xef\xbb\xbf"))
        builder.object_types = {entry.id: entry.type for entry in log.objects}
        builder.declared = {
            (kind.name, one.name): value_type(one.type) for kind in log.objectTypes for one in kind.attributes
        }
        yield from builder.objects(_statement(builder, entry) for entry in log.objects)
        yield from type_items(
            builder.source,
            (
                EventAttributeType(plain_type(kind.name), one.name, value_type(one.type))
                for kind in log.eventTypes
                for one in kind.attributes
            ),
        )
        for place, raw in enumerate(log.events, start=1):
            try:
                event = _event_decoder.decode(raw)
            except msgspec.DecodeError as error:
                yield refused_item(place, f"not an OCEL 2.0 event: {error}", raw)
                continue
            attributes = texts((one.name, _value(bytes(one.value))) for one in event.attributes)
            relations = [(one.objectId, one.qualifier or "") for one in event.relationships]
            yield builder.item(place, (event.id, event.type, event.time), relations, attributes)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{source.path}: not OCEL 2.0 as JSON: {error}") from None


def _statement(builder: _Builder, entry: _Object) -> ObjectStatement:
    attributes = []
    for one in entry.attributes:
        raw = bytes(one.value)
        value = _value(raw)
        if value is not None:
            attributes.append(builder.attribute(entry.type, one.name, one.time or "", value, _looks_like(raw)))
    links = builder.links((one.objectId, one.qualifier or "") for one in entry.relationships)
    return ObjectStatement(entry.type, entry.id, attributes, links)


def _looks_like(raw: bytes) -> str:
    if raw[:1] in b"tf":
        return BOOLEAN
    if raw[:1] in b'"{[':
        return TEXT
    return INTEGER if raw.lstrip(b"-").isdigit() else FLOAT


def _value(raw: bytes) -> str | None:
    """Numbers as they are written, so that no digit is lost."""
    if raw == b"null":
        return None
    return _text_decoder.decode(raw) if raw.startswith(b'"') else raw.decode()


def _from_xml(source: SourceFile, builder: _Builder) -> Iterator[Found]:
    # Twice through the file: nothing says that an object comes before what names it.
    yield from type_items(builder.source, _declarations(source, builder))
    said: list[ObjectStatement] = []
    for line, element in subtrees(source, ("object", "event")):
        if element.tag == "object":
            # One of the standard's first examples writes the relations of an event so, too; those stand in their event.
            if element.get("id"):
                said.append(_xml_statement(builder, element))
            if len(said) == _OBJECTS_AT_ONCE:
                yield from builder.objects(said)
                said.clear()
            continue
        yield from builder.objects(said)
        said.clear()
        identity = (element.get("id", ""), element.get("type", ""), element.get("time", ""))
        relations = [(one.get("object-id", ""), one.get("qualifier", "")) for one in _relations(element)]
        attributes = texts((one.get("name", ""), one.text) for one in _attributes(element))
        yield builder.item(line, identity, relations, attributes)
    yield from builder.objects(said)


def _declarations(source: SourceFile, builder: _Builder) -> list[EventAttributeType]:
    """What the log declares of events' attributes; the builder learns what it declares of objects, and their types."""
    found: list[EventAttributeType] = []
    kind = name = ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal kind, name
        tag = local(tag) if ":" in tag else tag
        if tag in ("object-type", "event-type", "object", "event"):
            kind, name = tag, attributes.get("name", "")
            if kind == "object" and attributes.get("id"):
                builder.object_types[attributes["id"]] = attributes.get("type", "")
        elif tag == "attribute" and kind in ("object-type", "event-type"):
            attribute, type_ = attributes.get("name", ""), value_type(attributes.get("type", ""))
            if kind == "object-type":
                builder.declared[name, attribute] = type_
            else:
                found.append(EventAttributeType(plain_type(name), attribute, type_))

    parser = new_parser()
    parser.StartElementHandler = start
    with source.open() as file:
        for _ in feed(file, source, parser):
            pass
    return found


def _xml_statement(builder: _Builder, element: Element) -> ObjectStatement:
    type_ = element.get("type", "")
    attributes = [
        builder.attribute(type_, one.get("name", ""), one.get("time", ""), one.text)
        for one in _attributes(element)
        if one.text is not None
    ]
    links = builder.links((one.get("object-id", ""), one.get("qualifier", "")) for one in _relations(element))
    return ObjectStatement(type_, element.get("id", ""), attributes, links)


def _attributes(element: Element) -> list[Element]:
    return [one for part in element if part.tag == "attributes" for one in part if one.tag == "attribute"]


def _relations(element: Element) -> list[Element]:
    """Named `relationship`, and in the standard's first examples `object`."""
    related = [one for part in element if part.tag == "objects" for one in part]
    return [one for one in related if one.tag == "relationship"] + [one for one in related if one.tag == "object"]


def _from_sqlite(source: SourceFile, builder: _Builder) -> Iterator[Found]:
    with tempfile.TemporaryDirectory(prefix="milepost-ocel-") as folder:
        copy = Path(folder) / "log.sqlite"
        _copy(source, copy)
        try:
            with contextlib.closing(OcelSqlite(copy)) as log:
                builder.object_types = log.object_types()
                yield from builder.objects(_sqlite_statement(builder, one) for one in log.objects())
                yield from type_items(
                    builder.source,
                    (
                        EventAttributeType(plain_type(type_), name, value_type(kind))
                        for type_, name, kind in log.event_attributes()
                    ),
                )
                for place, event in enumerate(log.events(), start=1):
                    identity = (event.id, event.type, event.time)
                    yield builder.item(place, identity, event.relations, texts(event.attributes))
        except (sqlite3.Error, UsageError) as error:
            raise UsageError(f"{source.path}: not OCEL 2.0 as SQLite: {error}") from None


def _sqlite_statement(builder: _Builder, stored: StoredObject) -> ObjectStatement:
    attributes = [
        builder.attribute(stored.type, name, time, texts([("", value)])[""], value_type(kind))
        for name, time, value, kind in stored.attributes
    ]
    return ObjectStatement(stored.type, stored.id, attributes, builder.links(stored.links))


def _copy(source: SourceFile, copy: Path) -> None:
    with source.open() as file, copy.open("wb") as target:
        while chunk := file.read(_CHUNK):
            if target.tell() > _LARGEST_DATABASE:
                raise UsageError(f"{source.path}: an SQLite file over 16 GiB")
            target.write(chunk)


def _is_amount(text: str) -> bool:
    try:
        parse_amount(text)
    except ValueError:
        return False
    return True
