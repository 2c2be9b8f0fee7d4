"""Files of CloudEvents (a JSON event, an array of them, or one a line, plain or gzip) through the common door."""

import gzip
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import msgspec

from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.errors import UsageError

LINES_A_BATCH = 5_000
# A JSON document is read whole; a line beyond this is no event but a file of another kind.
_LARGEST_DOCUMENT = 1024 * 1024 * 1024
_LONGEST_LINE = 20 * 1024 * 1024
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
    for place, line in enumerate(lines, start=first):
        if _is_json(line):
            whole.append(line)
            places.append(place)
        elif line.strip():
            _count(path, [place], door(STRUCTURED, line), summary)
    if whole:
        _count(path, places, door(BATCH, b"[" + b",".join(whole) + b"]"), summary)


def _count(path: Path, places: Sequence[int], taken: Taken, summary: IngestSummary) -> None:
    summary.accepted += taken.accepted
    summary.duplicates += taken.duplicates
    summary.rejected += len(taken.rejected)
    for index, reason in taken.rejected[: max(0, 20 - len(summary.problems))]:
        summary.problems.append(f"{path}:{places[index]}: {reason}")


def _is_json(line: bytes) -> bool:
    try:
        _raw_decoder.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _batches(path: Path) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Batches of events as JSON text, each with the line (or the place in the array) of its first."""
    try:
        with _open(path) as file:
            start = file.read(4096).lstrip()[:1]
            file.seek(0)
            numbered: Iterable[bytes] = _array(path, file) if start == b"[" else _lines(path, file)
            position = 1
            events = iter(numbered)
            while batch := list(itertools.islice(events, LINES_A_BATCH)):
                yield position, batch
                position += len(batch)
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
    """The lines, or the whole file where it is one event spread over lines."""
    first = file.readline(_LONGEST_LINE)
    if first.strip() and not _is_json(first):
        whole = first + file.read(_LONGEST_LINE)
        if _is_json(whole):
            yield whole
            return
        file.seek(0)
        file.readline(_LONGEST_LINE)
    yield first
    while line := file.readline(_LONGEST_LINE):
        yield line
