"""Configuration that is read again when its files change; files with errors change nothing."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from prometheus_client import Gauge

from domain.errors import ConfigError, StoreError
from domain.instants import format_instant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The files were found wrong at `since`, and what was read before goes on."""

    since: datetime
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """How files are told of: where they are in log lines, and the gauges that show how they are."""

    log: logging.Logger
    wrong: str
    failed: Gauge
    loaded_at: Gauge


class WatchedFiles(Generic[T]):
    """Files of configuration, and what was read from them last."""

    def __init__(self, paths: Callable[[], Iterable[Path]], read: Callable[[], T], watch: Watch, now: datetime) -> None:
        """ConfigError where they are wrong: a start has nothing that could go on."""
        self._paths = paths
        self._read = read
        self._watch = watch
        # Before they are read: what is written meanwhile is read again.
        self._seen = self._loaded = self._content()
        self.current = read()
        self.refusal: Refusal | None = None
        watch.loaded_at.set(now.timestamp())

    def changed(self, now: datetime) -> T | None:
        """What they say, where they have changed and are right; None where there is nothing new."""
        content = self._content()
        if content == self._seen:
            return None
        self._seen = content
        if content == self._loaded:
            self._is_right()
            return None
        try:
            read = self._read()
            self._before_use(read)
        except StoreError:
            # What could not be written down is not in use: it is read again at the next look.
            self._seen = ""
            raise
        except ConfigError as error:
            problems = tuple(map(str, error.problems)) or (str(error),)
            self.refusal = Refusal(self.refusal.since if self.refusal else now, problems)
            self._watch.failed.set(1)
            self._watch.log.error("%s:\n%s", self._watch.wrong, "\n".join(problems))
            return None
        self.current, self._loaded = read, content
        self._watch.loaded_at.set(now.timestamp())
        self._is_right()
        return read

    def _before_use(self, read: T) -> None:
        """Called with what was read before it is in force; StoreError puts that off."""

    @property
    def row(self) -> dict[str, Any] | None:
        """Since when the files are refused, and why; None where they are not."""
        if self.refusal is None:
            return None
        return {"since": format_instant(self.refusal.since), "problems": list(self.refusal.problems)}

    def _is_right(self) -> None:
        self.refusal = None
        self._watch.failed.set(0)

    def _content(self) -> str:
        """A digest of all that is read; a file that cannot be read counts as one with other content."""
        digest = hashlib.sha256()
        for path in self._paths():
            try:
                content = path.read_bytes()
            except OSError as error:
                content = repr(error).encode()
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()
