"""An OCEL 2.0 log as JSON."""

import shutil
import tempfile
from pathlib import Path

import msgspec

from milepost.export.ocel_log import OcelEvent, OcelLog

_encode = msgspec.json.encode


def write_json(log: OcelLog, path: Path) -> None:
    """Writes the log; its events wait in a temporary file until the types and objects before them are known."""
    with tempfile.TemporaryFile(dir=path.parent) as events, path.open("wb") as file:
        for number, event in enumerate(log.events()):
            events.write(b",\n" if number else b"\n")
            events.write(_encode(_event(event)))
        file.write(b'{"objectTypes":')
        file.write(_encode([{"name": name, "attributes": []} for name in log.object_types]))
        file.write(b',\n"eventTypes":')
        file.write(_encode([_event_type(name, attributes) for name, attributes in log.event_types.items()]))
        file.write(b',\n"objects":[')
        for number, (id_, type_) in enumerate(log.objects.items()):
            file.write(b",\n" if number else b"\n")
            file.write(_encode({"id": id_, "type": type_, "attributes": [], "relationships": []}))
        file.write(b'],\n"events":[')
        events.seek(0)
        shutil.copyfileobj(events, file)
        file.write(b"]}\n")


def _event_type(name: str, attributes: dict[str, None]) -> dict[str, object]:
    return {"name": name, "attributes": [{"name": attribute, "type": "string"} for attribute in attributes]}


def _event(event: OcelEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "type": event.type,
        "time": event.time,
        "attributes": [{"name": name, "value": value} for name, value in event.attributes.items()],
        "relationships": [{"objectId": id_, "qualifier": qualifier} for id_, qualifier in event.relations],
    }
