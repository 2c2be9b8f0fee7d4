"""An OCEL 2.0 log as JSON."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from milepost.export.ocel_log import Declared, OcelEvent, OcelLog, OcelObject

_encode = msgspec.json.encode
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = frozenset({"true", "false"})


def write_json(log: OcelLog, path: Path) -> None:
    """Writes the log; what it holds waits in temporary files until the types before it are known."""
    with (
        tempfile.TemporaryFile(dir=path.parent) as events,
        tempfile.TemporaryFile(dir=path.parent) as objects,
        path.open("wb") as file,
    ):
        _write_list(events, (_event(event, log.event_types[event.type]) for event in log.events()))
        _write_list(objects, map(_object, log.objects()))
        file.write(b'{"objectTypes":' + _encode(_types(log.object_types)))
        file.write(b',\n"eventTypes":' + _encode(_types(log.event_types)))
        for name, part in ((b"objects", objects), (b"events", events)):
            file.write(b',\n"' + name + b'":[')
            part.seek(0)
            shutil.copyfileobj(part, file)
            file.write(b"]")
        file.write(b"}\n")


def _write_list(file: BinaryIO, entries: Iterable[dict[str, object]]) -> None:
    for number, entry in enumerate(entries):
        file.write(b",\n" if number else b"\n")
        file.write(_encode(entry))


def _types(types: Mapping[str, Declared]) -> list[dict[str, object]]:
    return [
        {"name": name, "attributes": [{"name": attribute, "type": kind} for attribute, kind in declared.items()]}
        for name, declared in sorted(types.items())
    ]


def _event(event: OcelEvent, declared: Declared) -> dict[str, object]:
    return {
        "id": event.id,
        "type": event.type,
        "time": event.time,
        "attributes": [
            {"name": name, "value": _value(text, declared[name])} for name, text in event.attributes.items()
        ],
        "relationships": _relationships(event.relations),
    }


def _object(one: OcelObject) -> dict[str, object]:
    return {
        "id": one.id,
        "type": one.type,
        "attributes": [
            {"name": name, "value": _value(text, kind), "time": time} for name, time, text, kind in one.attributes
        ],
        "relationships": _relationships(one.relations),
    }


def _relationships(relations: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": id_, "qualifier": qualifier} for id_, qualifier in relations]


def _value(text: str, kind: str) -> object:
    """The value as JSON has its type, with every digit; as text where it is not of that type."""
    is_number = kind in ("integer", "float") and _NUMBER.fullmatch(text)
    if is_number or (kind == "boolean" and text in _WORDS):
        return msgspec.Raw(text.encode())
    return text
