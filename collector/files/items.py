"""What the formats turn a file into: canonical CloudEvents as JSON text, or bodies of spans, each with its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import xxhash

from collector.body import LARGEST_BODY
from collector.files.mapping import Mapping, load_mapping
from collector.receivers.canonical_events import URI_REFERENCE
from domain.errors import UsageError
from storage.object_statements import Statements

# As a batch of its own, in brackets.
LARGEST_EVENT = LARGEST_BODY - 2


class EventItem(NamedTuple):
    """One event as JSON text; `place` counts lines, or events where there are no lines, from 1."""

    place: int
    body: bytes


class RefusedItem(NamedTuple):
    """What makes no event, as JSON text that the door refuses and so keeps; the reason is the one to tell."""

    place: int
    body: bytes
    reason: str


class BrokenItem(NamedTuple):
    """A line that is no JSON."""

    place: int
    body: bytes
    reason: str


class SpansItem(NamedTuple):
    """One OTLP trace request."""

    place: int
    content_type: str
    body: bytes


class ObjectsItem(NamedTuple):
    """What the file says of some objects beside its events."""

    said: Statements


Item = EventItem | RefusedItem | BrokenItem | SpansItem
# An ingest counts items; what is said of objects is none, and said again it changes nothing.
Found = Item | ObjectsItem


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are to be read, where they leave it open."""

    source: str = ""
    object_type: str = "case"
    mapping: Mapping | None = None

    @property
    def fingerprint(self) -> str:
        """Differs where the same file would give other events."""
        return f"{self.source}\0{self.object_type}\0{self.mapping.text if self.mapping else ''}"


def checked_reading(source: str, object_type: str, mapping: Path | None) -> Reading:
    """How files are to be read as a user says it; UsageError and ConfigError for what cannot be."""
    if source and not URI_REFERENCE.fullmatch(source):
        raise UsageError(f"--source: {source!r} is not a URI reference; give a word such as erp")
    if not object_type.isprintable() or not object_type.strip():
        raise UsageError("--object-type: give a word such as order")
    return Reading(source, object_type.strip(), load_mapping(mapping) if mapping else None)


class NamedObject(msgspec.Struct, omit_defaults=True, gc=False):
    """An object as `data.objects` names it."""

    type: str
    id: str
    qualifier: str = ""


class CanonicalData(msgspec.Struct, omit_defaults=True, gc=False):
    """The data of an event in the canonical form."""

    objects: list[NamedObject]
    amount: str | None = None
    currency: str = ""
    legal_entity: str = ""
    region: str = ""
    attributes: dict[str, str] = {}


class FileEvent(msgspec.Struct, tag_field="specversion", tag="1.0", omit_defaults=True, gc=False):
    """A CloudEvent in the canonical form, except that what a file got wrong stays wrong for the door to refuse."""

    id: str
    source: str
    type: str
    time: str
    data: CanonicalData
    correlationid: str = ""


_encode = msgspec.json.Encoder().encode


def event_item(place: int, event: FileEvent) -> EventItem:
    """The event as an item."""
    return EventItem(place, _encode(event))


def refused_item(place: int, reason: str, content: object) -> RefusedItem:
    """What a dead letter should keep of something that makes no event."""
    return RefusedItem(place, _encode({"refused": reason, "content": content}), reason)


def content_id(*parts: object) -> str:
    """An id that is the same wherever and whenever the same content is read."""
    return xxhash.xxh3_128_hexdigest(_encode(parts))


def plain_type(text: str) -> str:
    """An event type without the line ends and tabs that no attribute of a CloudEvent may hold."""
    return text if text.isprintable() else " ".join(text.split())


def texts(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Attributes as text; those without a value are left out."""
    return {name: value if isinstance(value, str) else _text(value) for name, value in pairs if value is not None}


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return _encode(value).decode()
