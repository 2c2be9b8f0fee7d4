"""Copies an embedded store that nobody has open, with the digest of every file, and brings such a copy back.

The engine inside the process takes no BACKUP: that needs a path which only a server's configuration can allow. A store
at rest is its folder, so the copy is exact. One that was cut short has another name, and no manifest: it is no backup.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from domain.errors import StoreHeld, UsageError
from domain.instants import format_instant
from storage.folder_lock import LOCK, FolderLock

MANIFEST = "backup.json"
FORMAT = "milepost-backup/1"
_FILES = "files"
_LINKS = "links"
_CONTENT = "store"
# Of the process that has the store open, and what it had not finished.
_PASSING = {LOCK, "status", "tmp"}
_PARTIAL = ".restoring"
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied."""

    files: int
    size: int


def back_up_folder(folder: Path, target: Path, now: datetime) -> Copied:
    """Copies the store into the new folder `target`; UsageError where it is in use, new, or `target` is there."""
    if not (folder / LOCK).exists():
        raise UsageError(f"there is no store at {folder}; MILEPOST_STORE says which is backed up")
    if target.exists():
        raise UsageError(f"{target} is there already; give a path that is not")
    if folder.resolve() in target.resolve().parents:
        raise UsageError(f"{target} is in the store itself; give a path outside of {folder}")
    partial = target.with_name(f"{target.name}.partial")
    with _at_rest(folder), _paths(partial):
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True, mode=0o700)
        contents: dict[str, Any] = {_FILES: {}, _LINKS: {}}
        for path in _walk(folder):
            name = path.relative_to(folder).as_posix()
            copy = partial / _CONTENT / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink():
                copy.symlink_to(path.readlink())
                contents[_LINKS][name] = str(path.readlink())
            elif path.is_dir():
                copy.mkdir(exist_ok=True)
            else:
                with path.open("rb") as source, copy.open("wb") as written:
                    contents[_FILES][name] = [path.stat().st_size, _digest(source, written)]
        about = {"format": FORMAT, "created_at": format_instant(now), "engine": importlib.metadata.version("chdb")}
        (partial / MANIFEST).write_text(json.dumps({**about, **contents}), encoding="utf-8")
        # All of it is on the disk before it is called a backup.
        os.sync()
        partial.rename(target)
    return _copied(contents)


def restore_folder(backup: Path, folder: Path) -> Copied:
    """Brings a backup into an empty store; UsageError, with nothing changed, where either is not so."""
    contents = _read_manifest(backup)
    _check(backup, contents)
    with _at_rest(folder), _paths(folder):
        partial = folder / _PARTIAL
        if partial.exists():
            shutil.rmtree(partial)
        if found := sorted(path.name for path in folder.iterdir() if path.name not in _PASSING):
            raise UsageError(f"the store {folder} is not empty, it holds {found[0]}; give a new MILEPOST_STORE")
        shutil.copytree(backup / _CONTENT, partial, symlinks=True)
        os.sync()
        # What the engine knows tables by comes last: without it there is no store yet.
        for path in sorted(partial.iterdir(), key=lambda path: path.name.startswith("metadata")):
            path.rename(folder / path.name)
        partial.rmdir()
        os.sync()
    return _copied(contents)


@contextlib.contextmanager
def _at_rest(folder: Path) -> Iterator[None]:
    try:
        lock = FolderLock(folder, None, "")
    except StoreHeld as held:
        raise UsageError(f"{held}; an embedded store is backed up and restored while it is at rest") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _paths(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{error.filename or target} cannot be used: {error.strerror}") from None


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        place = Path(root)
        if place == folder:
            folders[:] = [name for name in folders if name not in _PASSING]
            files = [name for name in files if name not in _PASSING]
        yield from (place / name for name in sorted([*folders, *files]))


def _read_manifest(backup: Path) -> dict[str, Any]:
    path = backup / MANIFEST
    try:
        contents: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        whole = contents["format"] == FORMAT and bool(contents[_FILES]) and contents[_LINKS] is not None
    except OSError as error:
        raise UsageError(f"{backup} is no backup: {path.name} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise UsageError(f"{backup} is no backup of this program: {path.name} does not say {FORMAT}")
    return contents


def _check(backup: Path, contents: dict[str, Any]) -> None:
    content = backup / _CONTENT
    found = {path.relative_to(content).as_posix(): path for path in _walk(content)}
    there = {name for name, path in found.items() if path.is_symlink() or not path.is_dir()}
    said = contents[_FILES].keys() | contents[_LINKS].keys()
    if lacking := sorted(said - there):
        raise UsageError(f"the backup {backup} is not whole: it lacks {lacking[0]}; nothing was restored")
    if strange := sorted(there - said):
        raise UsageError(f"the backup {backup} was changed: it holds {strange[0]}; nothing was restored")
    for name, target in contents[_LINKS].items():
        if not found[name].is_symlink() or str(found[name].readlink()) != target:
            raise UsageError(f"the backup {backup} is damaged: {name} leads elsewhere; nothing was restored")
    for name, (size, digest) in contents[_FILES].items():
        if found[name].is_symlink() or found[name].stat().st_size != size:
            raise UsageError(f"the backup {backup} is damaged: {name} has another size; nothing was restored")
        with found[name].open("rb") as file:
            if _digest(file) != digest:
                raise UsageError(f"the backup {backup} is damaged: {name} has other content; nothing was restored")


def _digest(source: BinaryIO, copy: BinaryIO | None = None) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        if copy:
            copy.write(chunk)
    return digest.hexdigest()


def _copied(contents: dict[str, Any]) -> Copied:
    return Copied(len(contents[_FILES]), sum(size for size, _ in contents[_FILES].values()))
