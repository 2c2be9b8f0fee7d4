"""A file to ingest: opened plain or through gzip, with the bytes read so far and a fingerprint of its content."""

import contextlib
import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from domain.errors import UsageError

HEAD_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"


class SourceFile:
    """One regular file. Its methods raise UsageError, with the path, where it cannot be read."""

    def __init__(self, path: Path, *, follow_links: bool = True) -> None:
        self.path = path
        self.name = path.name.lower().removesuffix(".gz")
        self._flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow_links else os.O_NOFOLLOW)
        self._raw: BinaryIO | None = None
        with self._raw_file() as raw:
            self.size = os.fstat(raw.fileno()).st_size
            self._is_gzip = path.suffix.lower() == ".gz" or raw.read(2) == _GZIP_MAGIC
        with self.open() as file:
            self.head = file.read(HEAD_BYTES)
        self._raw = None

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it lies on the disk, the latest reading has come through."""
        if self._raw is None:
            return 0
        return self.size if self._raw.closed else self._raw.tell()

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The content, decompressed."""
        try:
            with self._raw_file() as raw:
                self._raw = raw
                if self._is_gzip:
                    with gzip.open(raw) as file:
                        yield cast(BinaryIO, file)
                else:
                    yield raw
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{self.path}: cannot be read: {error}") from None

    def fingerprint(self, *reading: str) -> str:
        """A digest of the bytes on the disk and of how they are to be read."""
        with self._raw_file() as raw:
            digest = hashlib.file_digest(raw, hashlib.sha256)
        for part in reading:
            digest.update(b"\0" + part.encode())
        return digest.hexdigest()

    @contextlib.contextmanager
    def _raw_file(self) -> Iterator[BufferedReader]:
        try:
            with os.fdopen(os.open(self.path, self._flags), "rb") as raw:
                if not stat.S_ISREG(os.fstat(raw.fileno()).st_mode):
                    raise UsageError(f"{self.path}: is not a regular file")
                yield raw
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read: {error.strerror or error}") from None
