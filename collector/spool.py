"""A queue of records in files, for what was acknowledged while a server store is away.

Records are appended to segment files and synced before anybody is told; whole segments are deleted once all that is in
them is stored. Where a drain stands within a segment is not written down: after a kill it begins again at the first
record left, and whoever drains finds what is stored already.
"""

import fcntl
import logging
import os
import struct
import threading
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from domain.errors import StoreError, StoreUnreachable

log = logging.getLogger("milepost.collector")
SEGMENT_BYTES = 16 * 1024 * 1024
_HEADER = struct.Struct("<II")
_SUFFIX = ".segment"


@dataclass(frozen=True, slots=True)
class Record:
    """One record; its id is its own for ever."""

    record_id: str
    content: bytes


@dataclass(slots=True)
class _Segment:
    path: Path
    size: int
    is_damaged: bool = False


class Spool:
    """The queue in one folder; `append` by one thread and `peek` with `advance` by another."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Finds what an earlier process left. StoreError where the folder cannot be used or another process does."""
        self._folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._held = _hold(folder)
        self._segments = [_read(path) for path in sorted(folder.glob(f"*{_SUFFIX}"))]
        self._read_offset = 0
        self._writing: BinaryIO | None = None
        self._next = 1 + max((int(one.path.name[:8]) for one in self._segments), default=0)
        self._drop_finished()

    @property
    def waiting_bytes(self) -> int:
        """How much waits to be stored."""
        return sum(segment.size for segment in self._segments) - self._read_offset

    @property
    def is_empty(self) -> bool:
        """Whether everything is stored."""
        return not self._segments

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken, but for what is small."""
        return self.waiting_bytes >= self._limit

    def append(self, contents: Sequence[bytes]) -> None:
        """Takes records; returns once they are on disk. StoreUnreachable where there is no room, and none is taken."""
        data = b"".join(_HEADER.pack(len(content), zlib.crc32(content)) + content for content in contents)
        with self._lock:
            if self.waiting_bytes + len(data) > self._limit:
                raise StoreUnreachable(f"the store is away and the spool of {self._limit} bytes is full")
            try:
                self._write(data)
            except OSError as error:
                raise StoreUnreachable(
                    f"the store is away and the spool in {self._folder} cannot be written: {error.strerror}"
                ) from None

    def peek(self, most_bytes: int) -> list[Record]:
        """The oldest records, at least one where there are any."""
        with self._lock:
            if not self._segments:
                return []
            segment, offset = self._segments[0], self._read_offset
            end = segment.size
        records: list[Record] = []
        taken = 0
        with segment.path.open("rb") as file:
            file.seek(offset)
            while offset < end and (not records or taken < most_bytes):
                length, _ = _HEADER.unpack(file.read(_HEADER.size))
                records.append(Record(f"{segment.path.stem}-{offset}", file.read(length)))
                offset += _HEADER.size + length
                taken += length
        return records

    def advance(self, records: Sequence[Record]) -> None:
        """Lets go of the records that `peek` gave, which are stored by now."""
        with self._lock:
            self._read_offset += sum(_HEADER.size + len(record.content) for record in records)
            self._drop_finished()

    def close(self) -> None:
        """Lets another process have the folder; what waits stays."""
        with self._lock:
            self._close_writing()
            self._held.close()

    def _write(self, data: bytes) -> None:
        if self._writing is None or self._segments[-1].size >= SEGMENT_BYTES:
            self._close_writing()
            path = self._folder / f"{self._next:08d}-{uuid.uuid4().hex}{_SUFFIX}"
            self._writing = path.open("xb", buffering=0)
            self._next += 1
            self._segments.append(_Segment(path, 0))
            _sync_folder(self._folder)
        segment, file = self._segments[-1], self._writing
        try:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fdatasync(file.fileno())
        except OSError:
            # Half a record must not stand before the next one.
            file.truncate(segment.size)
            file.seek(segment.size)
            raise
        segment.size += len(data)

    def _drop_finished(self) -> None:
        while self._segments and self._read_offset >= self._segments[0].size:
            finished = self._segments.pop(0)
            self._read_offset -= finished.size
            if not self._segments:
                self._close_writing()
            if finished.is_damaged:
                finished.path.rename(finished.path.with_suffix(".damaged"))
            else:
                finished.path.unlink()

    def _close_writing(self) -> None:
        if self._writing:
            self._writing.close()
            self._writing = None


def _hold(folder: Path) -> BinaryIO:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = (folder / "spool.lock").open("wb")
    except OSError as error:
        raise StoreError(f"the spool's folder {folder} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise StoreError(
            f"the spool {folder} is held by another process; give this one another MILEPOST_SPOOL"
        ) from None
    return held


def _read(path: Path) -> _Segment:
    """How far a segment's records are whole: a kill may have cut off the last, which nobody was told of."""
    content = path.read_bytes()
    offset = 0
    while offset + _HEADER.size <= len(content):
        length, checksum = _HEADER.unpack_from(content, offset)
        start, end = offset + _HEADER.size, offset + _HEADER.size + length
        if end > len(content):
            break
        if zlib.crc32(content[start:end]) != checksum:
            log.error("%s is damaged at byte %d: what is before is stored, the file is kept", path, offset)
            return _Segment(path, offset, is_damaged=True)
        offset = end
    if offset < len(content):
        log.warning("%s: %d bytes at its end are no whole record, as a kill leaves them", path, len(content) - offset)
    return _Segment(path, offset)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
