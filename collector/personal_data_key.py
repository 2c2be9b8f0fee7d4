"""The secret that personal data is hashed with: given, or made once and kept beside the embedded store."""

import contextlib
import os
import secrets
from pathlib import Path

from domain.contract import Contracts, Protection
from domain.errors import ConfigError
from storage.client import Store

FILE_NAME = "personal_data.key"
SHORTEST = 16
_GIVE = f"give a secret of {SHORTEST} or more characters"


def personal_data_key(contracts: Contracts, store: Store, given: str | None, file: Path | None) -> bytes:
    """The key for the contracts' hashes, empty where they have none; ConfigError where there is no good one."""
    if Protection.HASH not in contracts.protections:
        return b""
    if given and file:
        raise ConfigError(
            message="MILEPOST_PERSONAL_DATA_KEY and MILEPOST_PERSONAL_DATA_KEY_FILE are both set; set one"
        )
    if given:
        return _checked(given.encode(), "MILEPOST_PERSONAL_DATA_KEY")
    if file:
        return _checked(_read(file), f"MILEPOST_PERSONAL_DATA_KEY_FILE: {file}")
    if store.folder is None:
        # Each collector with a key of its own would take one's repeats for the other's conflicts.
        raise ConfigError(
            message="MILEPOST_PERSONAL_DATA_KEY is not set, but contracts hash personal data and all collectors of a "
            f"server store need the same key; {_GIVE}, or a file that holds one as MILEPOST_PERSONAL_DATA_KEY_FILE"
        )
    kept = store.folder / FILE_NAME
    if not kept.exists():
        _make(kept)
    return _checked(_read(kept), str(kept))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(message=f"{path} cannot be read: {error.strerror}; {_GIVE}") from None


def _checked(key: bytes, where: str) -> bytes:
    if len(key) < SHORTEST:
        raise ConfigError(message=f"{where} holds {len(key)} characters; {_GIVE}")
    return key


def _make(path: Path) -> None:
    """Writes a new key that only its owner can read, whole or not at all."""
    beginning = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        beginning.unlink()
    try:
        with os.fdopen(os.open(beginning, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        beginning.replace(path)
    except OSError as error:
        raise ConfigError(message=f"{path} cannot be written: {error.strerror}; {_GIVE}") from None
