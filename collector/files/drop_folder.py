"""Follows a drop folder: takes each file that is complete, then moves it to archive/ or, with the reason, to error/.

A file stays where it is until it is taken whole, so that a restart finds it again and goes on where the last run was.
"""

import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from collector.files.ingestion import Ingestion, IngestSummary, Interrupted
from collector.files.source_file import SourceFile
from domain.clock import Clock
from domain.errors import StoreError, UsageError
from domain.instants import from_micros

ARCHIVE, ERROR, REASON_SUFFIX = "archive", "error", ".reason"
# How long a file must have kept its size and time to count as complete; a file renamed in has done so already.
SETTLED_AFTER = timedelta(seconds=3)
_BETWEEN_LOOKS_SECONDS = 1.0
# What transfer programs and editors call a file that they still write.
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload", ".swp", "~")


@dataclass(frozen=True, slots=True)
class _Look:
    """A file's state, and since when it has been in it."""

    size: int
    changed_at_ns: int
    since: datetime


class DropFolder:
    """One followed folder. `report` hears a line about every file and every failure."""

    def __init__(self, folder: Path, ingestion: Ingestion, clock: Clock, report: Callable[[str], None]) -> None:
        """Makes archive/ and error/; UsageError where the folder cannot be used."""
        self._folder = folder
        self._ingestion = ingestion
        self._clock = clock
        self._report = report
        self._looks: dict[str, _Look] = {}
        self._last_failure = ""
        if not folder.is_dir():
            raise UsageError(f"--watch: {folder} is not a folder")
        for name in (ARCHIVE, ERROR):
            _make_folder(folder / name)

    def follow(self, stop: threading.Event) -> None:
        """Takes what comes until stopped."""
        self._report(f"watching {self._folder}")
        while not stop.is_set():
            try:
                self.look()
                self._last_failure = ""
            except Interrupted:
                return
            except (StoreError, UsageError) as error:
                # Told once, not at every look; what was to be taken stays and is tried again.
                if str(error) != self._last_failure:
                    self._report(f"{error}; trying again")
                self._last_failure = str(error)
            stop.wait(_BETWEEN_LOOKS_SECONDS)

    def look(self) -> None:
        """Takes every file that is complete now, the oldest first; StoreError when they cannot be stored just now."""
        now = self._clock.now()
        looks: dict[str, _Look] = {}
        for path, state in self._files():
            if refusal := _refusal(path, state):
                self._refuse(path, refusal)
                continue
            looks[path.name] = self._watched(path.name, state, now)
        self._looks = looks
        for name, look in looks.items():
            if now - min(look.since, _instant(look.changed_at_ns)) >= SETTLED_AFTER:
                self._take(self._folder / name, look)

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                        continue
                    state = entry.stat(follow_symlinks=False)
                    if not stat.S_ISDIR(state.st_mode):
                        found.append((Path(entry.path), state))
        except FileNotFoundError as error:
            # Someone took a file away again while we looked; the folder itself must be there.
            if not self._folder.is_dir():
                raise UsageError(f"{self._folder} cannot be read: {error.strerror}") from None
        except OSError as error:
            raise UsageError(f"{self._folder} cannot be read: {error.strerror}") from None
        return sorted(found, key=lambda one: (one[1].st_mtime_ns, one[0].name))

    def _watched(self, name: str, state: os.stat_result, now: datetime) -> _Look:
        before = self._looks.get(name)
        if before and (before.size, before.changed_at_ns) == (state.st_size, state.st_mtime_ns):
            return before
        return _Look(state.st_size, state.st_mtime_ns, now)

    def _take(self, path: Path, look: _Look) -> None:
        summary = IngestSummary()
        try:
            self._ingestion.take_file(SourceFile(path, follow_links=False), summary)
        except UsageError as error:
            if path.exists():
                self._refuse(path, "\n".join([str(error), *_told(summary)]))
            return
        try:
            state = path.lstat()
        except FileNotFoundError:
            # Taken away by someone else, after it was read.
            return
        if (state.st_size, state.st_mtime_ns) != (look.size, look.changed_at_ns):
            # Its sender had only paused: all of it is taken at a later look, and what is known already once more.
            return
        if summary.rejected:
            self._refuse(path, "\n".join(_told(summary)))
        else:
            self._move(path, ARCHIVE)
            self._report(f"{path.name}: {summary}")

    def _refuse(self, path: Path, reason: str) -> None:
        self._report(f"{_shown(path.name)}: moved to {ERROR}/: {reason.splitlines()[0]}")
        target = self._move(path, ERROR)
        try:
            target.with_name(target.name + REASON_SUFFIX).write_text(reason + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{target}: its reason cannot be written: {error.strerror}") from None

    def _move(self, path: Path, to: str) -> Path:
        """Where the file is now; one that is there already under its name stays."""
        target = self._folder / to / path.name
        number = 1
        while os.path.lexists(target) or os.path.lexists(target.with_name(target.name + REASON_SUFFIX)):
            number += 1
            target = target.with_name(f"{path.name}.{number}")
        try:
            path.rename(target)
        except OSError as error:
            raise UsageError(f"{path} cannot be moved to {to}/: {error.strerror}") from None
        return target


def _make_folder(path: Path) -> None:
    if path.is_symlink():
        raise UsageError(f"--watch: {path} is a symbolic link; it must be a folder of its own")
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"--watch: {path} cannot be made: {error.strerror}") from None


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)


def _refusal(path: Path, state: os.stat_result) -> str | None:
    """Why an entry of the folder is not even read."""
    if not path.name.isprintable():
        return "its name has characters that cannot be shown; rename it"
    if stat.S_ISLNK(state.st_mode):
        return f"{path.name} is a symbolic link; put the file itself here"
    if not stat.S_ISREG(state.st_mode):
        return f"{path.name} is not a regular file"
    if ".." in path.name:
        return f"{path.name} has .. in its name; rename it"
    return None


def _instant(nanoseconds: int) -> datetime:
    return from_micros(nanoseconds // 1_000)


def _told(summary: IngestSummary) -> list[str]:
    return [str(summary), *summary.problems]
