"""OCEL 2.0 logs (https://www.ocel-standard.org) as JSON, XML or SQLite: events with the objects they are related to.

Attributes of objects and relations between objects are no events and are left.
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
    NamedObject,
    Reading,
    RefusedItem,
    event_item,
    plain_type,
    refused_item,
    texts,
)
from collector.files.source_file import SourceFile
from collector.files.times import rfc3339
from collector.files.xml_reading import subtrees
from domain.errors import UsageError
from domain.money import is_currency, parse_amount
from storage.ocel_sqlite import OcelSqlite

JSON_KEYS = frozenset({"objectTypes", "eventTypes", "objects", "events"})
SQLITE_MAGIC = b"SQLite format 3\0"
XML_TAGS = frozenset({"object-types", "event-types", "objects", "events"})
# JSON is read whole.
_LARGEST_DOCUMENT = 1024 * 1024 * 1024
# What SQLite reads has to lie on the disk, and a small .gz may hide very much.
_LARGEST_DATABASE = 16 * 1024 * 1024 * 1024
_CHUNK = 1024 * 1024


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


class _Object(msgspec.Struct, gc=False):
    id: str
    type: str


class _Log(msgspec.Struct):
    events: list[msgspec.Raw]
    objects: list[_Object] = []


_log_decoder = msgspec.json.Decoder(_Log)
_event_decoder = msgspec.json.Decoder(_Event)
_text_decoder = msgspec.json.Decoder(str)


def read(source: SourceFile, reading: Reading) -> Iterator[EventItem | RefusedItem]:
    """The log's events in the order of the file; in SQLite in the order of their ids."""
    builder = _Builder(reading.source or "ocel")
    if source.head.startswith(SQLITE_MAGIC):
        return _from_sqlite(source, builder)
    if source.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _from_json(source, builder)
    return _from_xml(source, builder)


class _Builder:
    """Makes canonical events, once it knows what type each object is of."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.object_types: dict[str, str] = {}

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
        if _is_amount(attributes.get("amount", "")):
            data.amount = attributes.pop("amount")
        if is_currency(attributes.get("currency", "")):
            data.currency = attributes.pop("currency")
        data.legal_entity = attributes.pop("legal_entity", "")
        data.region = attributes.pop("region", "")
        data.attributes = attributes
        return event_item(place, FileEvent(event_id, self._source, plain_type(type_), rfc3339(time), data))


def _from_json(source: SourceFile, builder: _Builder) -> Iterator[EventItem | RefusedItem]:
    with source.open() as file:
        text = file.read(_LARGEST_DOCUMENT + 1)
    if len(text) > _LARGEST_DOCUMENT:
        raise UsageError(f"{source.path}: OCEL as JSON over 1 GiB; give it as XML or SQLite, which are read in pieces")
    try:
        log = _log_decoder.decode(text.removeprefix(b"\xef\xbb\xbf"))
        builder.object_types = {entry.id: entry.type for entry in log.objects}
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


def _value(raw: bytes) -> str | None:
    """Numbers as they are written, so that no digit is lost."""
    if raw == b"null":
        return None
    return _text_decoder.decode(raw) if raw.startswith(b'"') else raw.decode()


def _from_xml(source: SourceFile, builder: _Builder) -> Iterator[EventItem | RefusedItem]:
    # Twice through the file: nothing says that objects come before the events that name them.
    for _, element in subtrees(source, ("object",)):
        if object_id := element.get("id"):
            builder.object_types[object_id] = element.get("type", "")
    for line, element in subtrees(source, ("event",)):
        identity = (element.get("id", ""), element.get("type", ""), element.get("time", ""))
        relations = [(one.get("object-id", ""), one.get("qualifier", "")) for one in _relations(element)]
        attributes = texts((one.get("name", ""), one.text) for one in element.findall("attributes/attribute"))
        yield builder.item(line, identity, relations, attributes)


def _relations(element: Element) -> list[Element]:
    """Named `relationship`, and in the standard's first examples `object`."""
    return element.findall("objects/relationship") + element.findall("objects/object")


def _from_sqlite(source: SourceFile, builder: _Builder) -> Iterator[EventItem | RefusedItem]:
    with tempfile.TemporaryDirectory(prefix="milepost-ocel-") as folder:
        copy = Path(folder) / "log.sqlite"
        _copy(source, copy)
        try:
            with contextlib.closing(OcelSqlite(copy)) as log:
                builder.object_types = log.object_types()
                for place, event in enumerate(log.events(), start=1):
                    identity = (event.id, event.type, event.time)
                    yield builder.item(place, identity, event.relations, texts(event.attributes))
        except (sqlite3.Error, UsageError) as error:
            raise UsageError(f"{source.path}: not OCEL 2.0 as SQLite: {error}") from None


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
