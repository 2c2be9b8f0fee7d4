"""Access tokens in the store, by the hash of their secret."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from domain.instants import to_micros
from storage.client import Store, encode_rows


@dataclass(frozen=True)
class AccessToken:
    """What a token allows; a source ending in * stands for all that begin so.

    Without a rate of its own the default counts; 0 is no limit.
    """

    token_id: str
    name: str
    secret_sha256: str
    sources: tuple[str, ...]
    scopes: tuple[str, ...]
    rate_per_second: float | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def may_send(self, source: str) -> bool:
        """Whether an event may name this source."""
        return source in self.sources or source.startswith(self._beginnings)

    @cached_property
    def may_send_any(self) -> bool:
        """Whether no source is refused, so that events need not be looked at one by one."""
        return "*" in self.sources

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(source[:-1] for source in self.sources if source.endswith("*"))


def list_tokens(store: Store) -> list[AccessToken]:
    """Every token there is or was, the oldest first."""
    return [AccessToken(**_typed(row)) for row in store.rows("access_tokens")]


def write_token(store: Store, token: AccessToken, changed_at: datetime) -> None:
    """Stores a token, over what was stored of it before; returns once it is on disk."""
    store.insert("access_tokens", encode_rows([{**asdict(token), "version": to_micros(changed_at)}]))


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "sources": tuple(row["sources"]), "scopes": tuple(row["scopes"])}
