"""Files of CloudEvents (a JSON event, an array of them, or one a line, plain or gzip) through the common door."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import msgspec

from collector.body import LARGEST_BODY
from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.errors import UsageError

LINES_A_BATCH = 5_000
# A batch of large events is bounded by what the HTTP endpoint takes in one body, with room to spare.
BYTES_A_BATCH = 8 * 1024 * 1024
# As a batch of its own, in brackets.
LARGEST_EVENT = LARGEST_BODY - 2
# As many lines that are no JSON at the start of a file tell that it is another kind of file.
_LINES_LOOKED_AT = 100
_PROBLEMS_TOLD = 20
# A JSON array is read whole.
_LARGEST_DOCUMENT = 1024 * 1024 * 1024
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_items_decoder = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(slots=True)
class Taken:
    """What became of events: counts, and the reasons of those refused by place in the batch."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


class Door(Protocol):
    """Takes one request body as the HTTP endpoint would, over HTTP or in this process."""

    def __call__(self, content_type: str, body: bytes) -> Taken: ...


@dataclass(slots=True)
class IngestSummary:
    """Totals over all files; `problems` are the first reasons, with file and line."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)


def ingest_files(paths: Sequence[Path], door: Door, progress: Callable[[Path, IngestSummary], None]) -> IngestSummary:
    """Sends every event of the files through the door; UsageError for a file that cannot be read at all."""
    summary = IngestSummary()
    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path}: no such file; give CloudEvents as JSON or NDJSON, plain or .gz")
    for path in paths:
        for first_line, lines in _batches(path):
            _send(path, first_line, lines, door, summary)
            progress(path, summary)
    return summary


def _send(path: Path, first: int, lines: Sequence[bytes], door: Door, summary: IngestSummary) -> None:
    whole: list[bytes] = []
    places: list[int] = []
    broken: list[bytes] = []
    problems: list[str] = []
    for place, line in enumerate(lines, start=first):
        if len(line) > LARGEST_EVENT:
            summary.rejected += 1
            _tell(summary, [f"{path}:{place}: an event of {len(line)} bytes; {LARGEST_EVENT} are taken"])
        elif (fault := _fault(line)) is None:
            whole.append(line)
            places.append(place)
        elif line.strip():
            broken.append(line)
            problems.append(f"{path}:{place}: not JSON: {fault}")
    if broken:
        # One dead letter for all of a batch, or one event that is spread over lines.
        taken = door(STRUCTURED, b"".join(broken))
        summary.accepted += taken.accepted
        summary.duplicates += taken.duplicates
        if taken.rejected:
            summary.rejected += len(broken)
            _tell(summary, problems)
    if whole:
        taken = door(BATCH, b"[" + b",".join(whole) + b"]")
        summary.accepted += taken.accepted
        summary.duplicates += taken.duplicates
        summary.rejected += len(taken.rejected)
        _tell(summary, [f"{path}:{places[index]}: {reason}" for index, reason in taken.rejected])


def _tell(summary: IngestSummary, problems: Sequence[str]) -> None:
    summary.problems += problems[: max(0, _PROBLEMS_TOLD - len(summary.problems))]


def _fault(line: bytes) -> str | None:
    """What keeps a line from being JSON; None where it is."""
    try:
        _raw_decoder.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return str(error)[:200]
    return None


def _batches(path: Path) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Batches of events as JSON text, each with the line (or the place in the array) of its first."""
    try:
        with _open(path) as file:
            start = file.read(4096).lstrip()[:1]
            file.seek(0)
            position = 1
            batch: list[bytes] = []
            size = 0
            for event in _array(path, file) if start == b"[" else _lines(path, file):
                if batch and (len(batch) == LINES_A_BATCH or size + len(event) > BYTES_A_BATCH):
                    yield position, batch
                    position += len(batch)
                    batch, size = [], 0
                batch.append(event)
                size += len(event)
            if batch:
                yield position, batch
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _array(path: Path, file: BinaryIO) -> Iterable[bytes]:
    text = file.read(_LARGEST_DOCUMENT + 1)
    if len(text) > _LARGEST_DOCUMENT:
        raise UsageError(f"{path}: a JSON array over 1 GiB; give one event a line (NDJSON) instead")
    try:
        return [bytes(item) for item in _items_decoder.decode(text)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a JSON array of events: {error}") from None


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """The lines, or the whole file where it is one event spread over lines; UsageError where nothing is JSON."""
    first = file.readline(LARGEST_EVENT)
    if first.strip() and _fault(first) is not None:
        whole = first + file.read(LARGEST_EVENT)
        if _fault(whole) is None:
            yield whole
            return
    file.seek(0)
    _expect_json(path, file)
    file.seek(0)
    while line := file.readline(LARGEST_EVENT):
        yield line


def _expect_json(path: Path, file: BinaryIO) -> None:
    faults: list[str] = []
    for _ in range(_LINES_LOOKED_AT):
        line = file.readline(LARGEST_EVENT)
        if line.strip():
            fault = _fault(line)
            if fault is None:
                return
            faults.append(fault)
    if faults:
        raise UsageError(
            f"{path}: none of its first {len(faults)} lines is JSON ({faults[0]}); give CloudEvents as JSON, an array "
            "of them, or one a line (NDJSON)"
        )
