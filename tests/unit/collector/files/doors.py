"""A door and checkpoints in memory, and what formats make of a file's content."""

import gzip
import json
from pathlib import Path
from typing import Any

from collector.files.door import Checkpoint, Taken, TakenSpans
from collector.files.formats import Format, detect, read_items
from collector.files.ingestion import Ingestion, IngestSummary
from collector.files.items import EventItem, ObjectsItem, Reading, RefusedItem, SpansItem
from collector.files.source_file import SourceFile
from collector.receivers import otlp
from collector.receivers.cloudevents import STRUCTURED
from storage.object_statements import ObjectStatement, Statements


class RecordingDoor:
    """Takes every event of a batch that has an id, a structured body when it is JSON, and all spans."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        self.said: list[Statements] = []

    def events(self, content_type: str, body: bytes) -> Taken:
        self.bodies.append((content_type, body))
        try:
            document = json.loads(body)
        except ValueError:
            return Taken(rejected=[(0, "no JSON")])
        if content_type == STRUCTURED:
            return Taken(accepted=1)
        rejected = [(index, "id is missing") for index, item in enumerate(document) if "id" not in item]
        return Taken(accepted=len(document) - len(rejected), rejected=rejected)

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        self.bodies.append((content_type, body))
        return TakenSpans(otlp.read_traces(content_type, body).spans)

    def objects(self, said: Statements) -> None:
        self.said.append(said)

    @property
    def ids(self) -> list[str]:
        """The ids of all events in the order they came."""
        return [event["id"] for _, body in self.bodies for event in json.loads(body)]


class RememberedCheckpoints:
    """Checkpoints in a dict; `history` has every one as it was recorded."""

    def __init__(self) -> None:
        self.by_file: dict[str, Checkpoint] = {}
        self.history: list[Checkpoint] = []

    def read(self, file: str) -> Checkpoint:
        return self.by_file.get(file, Checkpoint())

    def record(self, file: str, checkpoint: Checkpoint) -> None:
        self.by_file[file] = checkpoint
        self.history.append(checkpoint)


def written(path: Path, content: bytes | str) -> Path:
    """The path of a file with that content, compressed where its name ends in .gz."""
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def ingest(path: Path, content: bytes | str, door: RecordingDoor, reading: Reading | None = None) -> IngestSummary:
    """Writes a file and takes it through the door."""
    summary = IngestSummary()
    ingestion = Ingestion(door, RememberedCheckpoints(), reading or Reading())
    ingestion.take([written(path, content)], summary)
    return summary


def found(path: Path, reading: Reading | None = None, format_: Format | None = None) -> list[Any]:
    """All that a file holds."""
    source = SourceFile(path)
    used = reading or Reading()
    return list(read_items(source, format_ or detect(source, used), used))


def items(path: Path, reading: Reading | None = None, format_: Format | None = None) -> list[Any]:
    """What a file holds that an ingest counts."""
    return [one for one in found(path, reading, format_) if not isinstance(one, ObjectsItem)]


def said(path: Path, reading: Reading | None = None) -> list[Statements]:
    """What a file says of objects and of attributes of events."""
    return [one.said for one in found(path, reading) if isinstance(one, ObjectsItem)]


def objects(path: Path, reading: Reading | None = None) -> list[ObjectStatement]:
    """What a file says of objects."""
    return [one for some in said(path, reading) for one in some.objects]


def events(path: Path, reading: Reading | None = None) -> list[dict[str, Any]]:
    """The events that a file makes, all of which are well."""
    read = items(path, reading)
    assert [item.reason for item in read if isinstance(item, RefusedItem)] == []
    assert all(isinstance(item, EventItem) for item in read)
    return [json.loads(item.body) for item in read]


def refusals(path: Path, reading: Reading | None = None) -> list[tuple[int, str]]:
    """Place and reason of what a file holds that makes no event."""
    return [(item.place, item.reason) for item in items(path, reading) if isinstance(item, RefusedItem)]


def spans(path: Path) -> list[int]:
    """How many spans there are in each request of a file."""
    read = items(path)
    assert all(isinstance(item, SpansItem) for item in read)
    return [otlp.read_traces(item.content_type, item.body).spans for item in read]
