"""CloudEvents: a JSON event, an array of them, or one a line (NDJSON)."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from collector.files.items import LARGEST_EVENT, BrokenItem, EventItem, Reading
from collector.files.source_file import SourceFile
from domain.errors import UsageError

# As many lines that are no JSON at the start of a file tell that it is another kind of file.
_LINES_LOOKED_AT = 100
# A JSON array is read whole.
_LARGEST_DOCUMENT = 1024 * 1024 * 1024
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_items_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def read(source: SourceFile, reading: Reading) -> Iterator[EventItem | BrokenItem]:
    """The file's events as they are written; lines that are no JSON with their fault, empty ones not."""
    with source.open() as file:
        is_array = source.head.lstrip().startswith(b"[")
        for place, text in enumerate(_array(source, file) if is_array else _lines(source, file), start=1):
            fault = None if is_array else _fault(text)
            if fault is None:
                yield EventItem(place, text)
            elif text.strip():
                yield BrokenItem(place, text, f"not JSON: {fault}")


def _fault(text: bytes) -> str | None:
    """What keeps a text from being JSON; None where it is."""
    try:
        _raw_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return str(error)[:200]
    return None


def _array(source: SourceFile, file: BinaryIO) -> Iterable[bytes]:
    text = file.read(_LARGEST_DOCUMENT + 1)
    if len(text) > _LARGEST_DOCUMENT:
        raise UsageError(f"{source.path}: a JSON array over 1 GiB; give one event a line (NDJSON) instead")
    try:
        return [bytes(item) for item in _items_decoder.decode(text)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError(f"{source.path}: not a JSON array of events: {error}") from None


def _lines(source: SourceFile, file: BinaryIO) -> Iterator[bytes]:
    """The lines, or the whole file where it is one event spread over lines; UsageError where nothing is JSON."""
    first = file.readline(LARGEST_EVENT)
    if first.strip() and _fault(first) is not None:
        whole = first + file.read(LARGEST_EVENT)
        if _fault(whole) is None:
            yield whole
            return
    file.seek(0)
    _expect_json(source, file)
    file.seek(0)
    while line := file.readline(LARGEST_EVENT):
        yield line


def _expect_json(source: SourceFile, file: BinaryIO) -> None:
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
            f"{source.path}: none of its first {len(faults)} lines is JSON ({faults[0]}); give CloudEvents as JSON, an "
            "array of them, or one a line (NDJSON), or name another kind of file with --format"
        )
