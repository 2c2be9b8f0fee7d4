"""Takes files through the door in batches, goes on where an interrupted run stopped, and counts what became of all."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from collector.files.door import Checkpoint, Checkpoints, Door
from collector.files.formats import ACCEPTED, Format, detect, read_items
from collector.files.items import (
    LARGEST_EVENT,
    BrokenItem,
    EventItem,
    Found,
    Item,
    ObjectsItem,
    Reading,
    RefusedItem,
    SpansItem,
)
from collector.files.source_file import SourceFile
from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.errors import StoreError, UsageError

EVENTS_A_BATCH = 5_000
# A batch of large events is bounded by what the HTTP endpoint takes in one body, with room to spare.
BYTES_A_BATCH = 8 * 1024 * 1024
# A checkpoint costs as much as storing a thousand events does; what was taken after the last one is sent again.
_BATCHES_A_CHECKPOINT = 10
_PROBLEMS_TOLD = 20


class Interrupted(Exception):
    """The run was asked to stop; what it took so far is recorded."""


@dataclass(slots=True)
class IngestSummary:
    """Totals over all files, in events and spans; `problems` are the first reasons, with file and line."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    # Items of an earlier, interrupted run that were not sent again.
    resumed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many were looked at."""
        return self.accepted + self.duplicates + self.rejected + self.resumed

    def __str__(self) -> str:
        text = f"{self.accepted} accepted, {self.duplicates} duplicates, {self.rejected} rejected"
        return f"{text}; {self.resumed} were taken by an earlier run" if self.resumed else text

    def tell(self, problems: Sequence[str]) -> None:
        """Keeps the first problems; the dead letters have all."""
        self.problems += problems[: max(0, _PROBLEMS_TOLD - len(self.problems))]


class Progress:
    """Hears how far a run is; this one keeps it to itself."""

    def begin(self, source: SourceFile, summary: IngestSummary) -> None:
        """A file's reading begins."""

    def advance(self, source: SourceFile, summary: IngestSummary) -> None:
        """A batch of it was taken."""

    def end(self, source: SourceFile) -> None:
        """It is taken whole."""


@dataclass(frozen=True, slots=True)
class Ingestion:
    """How files are taken: read as what, through which door, remembered where, stopped when."""

    door: Door
    checkpoints: Checkpoints
    reading: Reading = field(default_factory=Reading)
    format: Format | None = None
    progress: Progress = field(default_factory=Progress)
    is_stopped: Callable[[], bool] = lambda: False

    def take(self, paths: Sequence[Path], summary: IngestSummary) -> None:
        """Takes every file; UsageError for one that cannot be read, Interrupted when stopped between two batches.

        All of them are looked for before the first is read.
        """
        for path in paths:
            if not path.is_file():
                raise UsageError(f"{path}: no such file; give {ACCEPTED}")
        for path in paths:
            self.take_file(SourceFile(path), summary)

    def take_file(self, source: SourceFile, summary: IngestSummary) -> None:
        """Takes one file, adding to the summary."""
        self.progress.begin(source, summary)
        format_ = self.format or detect(source, self.reading)
        items = self._without_objects(read_items(source, format_, self.reading))
        position = _Position(self.checkpoints, source.fingerprint(format_, self.reading.fingerprint))
        position.skip(items, summary)
        # Spans have no identity that would make a second sending harmless.
        is_spans = format_ is Format.OTLP
        try:
            for batch in batches(items):
                if self.is_stopped():
                    raise Interrupted
                rejected_before = summary.rejected
                send_batch(self.door, str(source.path), batch, summary)
                position.advance(len(batch), summary.rejected - rejected_before, at_once=is_spans)
                self.progress.advance(source, summary)
        except BaseException:
            # Whatever went wrong, the store may be what it was.
            with contextlib.suppress(StoreError):
                position.record()
            raise
        if not is_spans:
            position.forget()
        self.progress.end(source)

    def _without_objects(self, found: Iterator[Found]) -> Iterator[Item]:
        """The items that are counted; what is said of objects goes through the door where it stands, each time anew."""
        for one in found:
            if isinstance(one, ObjectsItem):
                if self.is_stopped():
                    raise Interrupted
                self.door.objects(one.said)
            else:
                yield one


class _Position:
    """How far one file is taken, recorded now and then."""

    def __init__(self, checkpoints: Checkpoints, file: str) -> None:
        self._checkpoints = checkpoints
        self._file = file
        self._recorded = checkpoints.read(file)
        self._items, self._rejected = self._recorded.items, self._recorded.rejected
        self._unrecorded_batches = 0

    def skip(self, items: Iterator[Item], summary: IngestSummary) -> None:
        """Passes over what an earlier run took."""
        self._items = sum(1 for _ in islice(items, self._items))
        summary.resumed += self._items - self._rejected
        summary.rejected += self._rejected

    def advance(self, items: int, rejected: int, *, at_once: bool) -> None:
        """Notes a batch that was taken."""
        self._items += items
        self._rejected += rejected
        self._unrecorded_batches += 1
        if at_once or self._unrecorded_batches == _BATCHES_A_CHECKPOINT:
            self.record()

    def record(self) -> None:
        """Writes how far the file is taken, where that is news."""
        self._write(Checkpoint(self._items, self._rejected))

    def forget(self) -> None:
        """The file is taken whole: a further run may look at all of it again."""
        self._write(Checkpoint())

    def _write(self, checkpoint: Checkpoint) -> None:
        if checkpoint != self._recorded:
            self._checkpoints.record(self._file, checkpoint)
            self._recorded = checkpoint
        self._unrecorded_batches = 0


def send_batch(door: Door, name: str, batch: Sequence[Item], summary: IngestSummary) -> None:
    """Sends a batch through the door and adds what became of it; problems are told by name and place."""
    events: list[EventItem | RefusedItem] = []
    broken: list[BrokenItem] = []
    for item in batch:
        if isinstance(item, SpansItem):
            _send_spans(door, name, item, summary)
        elif isinstance(item, BrokenItem):
            broken.append(item)
        elif len(item.body) > LARGEST_EVENT:
            summary.rejected += 1
            summary.tell([f"{name}:{item.place}: an event of {len(item.body)} bytes; {LARGEST_EVENT} are taken"])
        else:
            events.append(item)
    if broken:
        _send_broken(door, name, broken, summary)
    if events:
        taken = door.events(BATCH, b"[" + b",".join(item.body for item in events) + b"]")
        summary.accepted += taken.accepted
        summary.duplicates += taken.duplicates
        summary.rejected += len(taken.rejected)
        summary.tell([_problem(name, events[index], reason) for index, reason in taken.rejected])


def _send_broken(door: Door, name: str, broken: Sequence[BrokenItem], summary: IngestSummary) -> None:
    # One dead letter for all of a batch, or one event that is spread over lines.
    taken = door.events(STRUCTURED, b"".join(item.body for item in broken))
    summary.accepted += taken.accepted
    summary.duplicates += taken.duplicates
    if taken.rejected:
        summary.rejected += len(broken)
        summary.tell([f"{name}:{item.place}: {item.reason}" for item in broken])


def _send_spans(door: Door, name: str, item: SpansItem, summary: IngestSummary) -> None:
    taken = door.traces(item.content_type, item.body)
    summary.accepted += taken.accepted
    summary.rejected += taken.rejected
    if taken.rejected:
        summary.tell([f"{name}:{item.place}: {taken.reason}"])


def _problem(name: str, item: EventItem | RefusedItem, reason: str) -> str:
    return f"{name}:{item.place}: {item.reason if isinstance(item, RefusedItem) else reason}"


def batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Events in batches, each request of spans alone."""
    batch: list[Item] = []
    size = 0
    for item in items:
        is_full = len(batch) == EVENTS_A_BATCH or size + len(item.body) > BYTES_A_BATCH
        if batch and (is_full or isinstance(item, SpansItem) or isinstance(batch[0], SpansItem)):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body)
    if batch:
        yield batch
