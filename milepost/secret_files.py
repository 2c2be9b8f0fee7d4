"""Secrets that settings take from files, as container platforms mount them: never in YAML, arguments or logs."""

from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from domain.errors import ConfigError

_SERVER_SCHEMES = ("clickhouse", "clickhouses", "http", "https")


def read_secret(path: Path, setting: str) -> str:
    """What the file holds, without the line break at its end; ConfigError where that is nothing."""
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(message=f"{setting}: {path} cannot be read: {cause}") from None
    if not secret:
        raise ConfigError(message=f"{setting}: {path} is empty; give a file that holds the secret")
    return secret


def with_password(dsn: str, path: Path, setting: str) -> str:
    """The DSN of a server with the password that the file holds."""
    # Messages do not repeat the DSN: it may hold a password.
    parts = urlsplit(dsn)
    if parts.scheme not in _SERVER_SCHEMES or not parts.username:
        raise ConfigError(
            message=f"{setting} is set, but MILEPOST_STORE names no server with a user to give the password to; "
            "give clickhouse://user@host:8123/database"
        )
    if parts.password:
        raise ConfigError(message=f"MILEPOST_STORE has a password and {setting} is set; set one")
    host = parts.netloc.rpartition("@")[2]
    user_and_password = f"{parts.username}:{quote(read_secret(path, setting), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{user_and_password}@{host}"))
