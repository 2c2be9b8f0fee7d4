"""A copy of a server's tokens on this machine, so that a collector knows who may come in while the server is away.

Like the store it holds the SHA-256 of secrets, never a secret.
"""

import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from storage.tokens import AccessToken

log = logging.getLogger("milepost.collector")


class KeptTokens:
    """The copy in one file; without a file there is none."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._last: Sequence[AccessToken] | None = None

    def read(self) -> list[AccessToken] | None:
        """The tokens as they were last kept; None where they were not, or cannot be read."""
        if self._file is None or not self._file.exists():
            return None
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[AccessToken])
        except (OSError, msgspec.DecodeError) as error:
            log.warning("the copy of the tokens in %s cannot be read: %s", self._file, error)
            return None

    def keep(self, tokens: Sequence[AccessToken]) -> None:
        """Writes them down where they changed; a disk that does not take them costs the copy alone."""
        with self._lock:
            if self._file is None or tokens == self._last:
                return
            self._last = tokens
            try:
                _write(self._file, msgspec.json.encode(tokens))
            except OSError as error:
                log.warning("the copy of the tokens in %s cannot be written: %s", self._file, error.strerror)


def _write(file: Path, content: bytes) -> None:
    """Writes a file whole or not at all, for its owner alone."""
    beginning = file.with_suffix(".new")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beginning.unlink(missing_ok=True)
    with os.fdopen(os.open(beginning, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
    beginning.replace(file)
