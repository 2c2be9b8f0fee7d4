"""Keeps an embedded store's folder to one process, and lets others know who has it and where it answers."""

import fcntl
import json
import os
import threading
from pathlib import Path
from typing import Any, ClassVar, TextIO

from domain.errors import StoreError, StoreHeld

LOCK = "milepost.lock"


def last_holder(folder: Path) -> tuple[str, str] | None:
    """Where the process that was last to open the embedded store answers, with the token; None if nowhere.

    The folder is not held to find out, so that process may be gone.
    """
    try:
        holder = _holder((folder / LOCK).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return (holder["api_url"], holder.get("api_token", "")) if holder.get("api_url") else None


class FolderLock:
    """Keeps a store's folder to this process, whose Stores share it, and says who has it otherwise."""

    _guard = threading.Lock()
    _held: ClassVar[dict[Path, tuple[TextIO, int]]] = {}

    def __init__(self, folder: Path, api_url: str | None, api_token: str) -> None:
        self._folder = folder.resolve()
        with self._guard:
            file, users = self._held.get(self._folder) or (_lock_folder(folder, api_url, api_token), 0)
            self._held[self._folder] = (file, users + 1)

    def release(self) -> None:
        with self._guard:
            file, users = self._held.pop(self._folder)
            if users > 1:
                self._held[self._folder] = (file, users - 1)
            else:
                file.close()


def _lock_folder(folder: Path, api_url: str | None, api_token: str) -> TextIO:
    try:
        # It holds what was sent, and by a usual umask every account of the machine could read it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"the store's folder {folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = _holder(file.read())
        file.close()
        where = f"process {holder.get('pid', 'unknown')}"
        if holder.get("api_url"):
            where += f", which answers at {holder['api_url']}"
        raise StoreHeld(
            f"the store {folder} is held by {where}; stop it, or give this command another MILEPOST_STORE",
            holder.get("api_url"),
            holder.get("api_token", ""),
        ) from None
    os.fchmod(file.fileno(), 0o600)
    file.seek(0)
    file.truncate()
    json.dump({"pid": os.getpid(), "api_url": api_url, "api_token": api_token}, file)
    file.flush()
    return file


def _holder(text: str) -> dict[str, Any]:
    try:
        holder = json.loads(text)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}
