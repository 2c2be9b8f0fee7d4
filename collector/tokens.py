"""Tokens: made, revoked, and held in memory so that a request costs a hash and no question to the store.

A token reads mp_<id>_<secret>. The id finds it; of the secret, 256 random bits, only the SHA-256 is kept: there is
nothing to guess, so a slow hash would protect nothing more.
"""

import hashlib
import hmac
import logging
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from collector.kept_tokens import KeptTokens
from domain.audit import NOBODY, Act, ActKind, Actor
from domain.clock import Clock
from domain.errors import StoreError, UsageError
from domain.instants import EPOCH, format_instant
from storage.audit import write_audit
from storage.client import Store
from storage.tokens import AccessToken, list_tokens, write_token

log = logging.getLogger("milepost.collector")
# On a server other processes may revoke a token; on an embedded store only this one, which hears of it at once.
REFRESH_SECONDS = 2.0
_TOKEN = re.compile(rb"[Bb]earer +mp_([0-9a-f]{12})_([\w-]{43})")
_NAME = re.compile(r"[\w.@-]{1,100}")
_SOURCE = re.compile(r"[^\s*]{1,1000}\*?|\*")


class Scope(StrEnum):
    """What a token opens."""

    EVENTS = "events"
    TRACES = "traces"
    SOURCES = "sources"
    METRICS = "metrics"
    READ = "read"
    API = "api"
    ADMIN = "admin"


class Tokens:
    """The tokens of a store, as last read by this process or one before it."""

    def __init__(self, store: Store, operator: str = "", kept: Path | None = None) -> None:
        """Knows the tokens kept in a file, until `refresh` asks the store.

        `operator` is a token of this process alone that may do everything, for commands beside it.
        """
        self._store = store
        self._kept = KeptTokens(kept)
        self._operator = _operator_token(operator) if operator else None
        self._known: dict[bytes, AccessToken] = {}
        self.exist = self.are_known = False
        self._learn(self._kept.read())
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def refresh(self) -> None:
        """Reads the tokens anew. One that was revoked still counts as one: revoking the last opens no door."""
        tokens = list_tokens(self._store)
        self._kept.keep(tokens)
        self._learn(tokens)

    def _learn(self, tokens: Sequence[AccessToken] | None) -> None:
        """Without tokens nobody knows yet whether there are any; `exist` and `are_known` tell."""
        own = [self._operator] if self._operator else []
        self._known = {token.token_id.encode(): token for token in (*(tokens or ()), *own)}
        self.exist, self.are_known = bool(tokens), tokens is not None

    def find(self, authorization: bytes) -> AccessToken | None:
        """The token that an Authorization header bears, whether or not it still counts."""
        match = _TOKEN.fullmatch(authorization)
        token = self._known.get(match.group(1)) if match else None
        if token is None or match is None:
            return None
        digest = hashlib.sha256(match.group(2)).hexdigest()
        return token if hmac.compare_digest(digest, token.secret_sha256) else None

    def start(self) -> None:
        """Hears from now on of what other processes change."""
        if not self._store.is_embedded:
            self._thread = threading.Thread(target=self._follow, name="refresh tokens", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _follow(self) -> None:
        is_away = False
        while not self._ended.wait(REFRESH_SECONDS):
            try:
                self.refresh()
                is_away = False
            except StoreError as error:
                if not is_away:
                    log.warning("tokens stay as they were last read: %s", error)
                is_away = True


def issue_token(
    store: Store,
    clock: Clock,
    name: str,
    *,
    scopes: Sequence[str],
    sources: Sequence[str] = (),
    rate_per_second: float | None = None,
    expires_at: datetime | None = None,
    by: Actor = NOBODY,
    reason: str = "",
) -> str:
    """Makes a token and gives its text, which is kept nowhere; UsageError says what is wrong with the wish.

    The audit log has it before it counts.
    """
    now = clock.now()
    _check(store, now, name, scopes, sources, expires_at)
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = AccessToken(
        token_id=token_id,
        name=name,
        secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
        sources=tuple(dict.fromkeys(sources)),
        scopes=tuple(dict.fromkeys(scopes)),
        rate_per_second=rate_per_second,
        created_at=now,
        created_by=str(by),
        expires_at=expires_at,
    )
    write_audit(store, Act(ActKind.TOKEN_CREATE, by, name, reason, _told_of(token)), now)
    write_token(store, token, now)
    return f"mp_{token_id}_{secret}"


def revoke_token(store: Store, clock: Clock, name: str, by: Actor = NOBODY, reason: str = "") -> AccessToken:
    """Ends a token, found by its name or id; UsageError where there is none that counts."""
    found = [one for one in list_tokens(store) if one.revoked_at is None and name in (one.name, one.token_id)]
    if not found:
        raise UsageError(f"there is no token {name!r} to revoke; `milepost tokens list` shows them")
    revoked = replace(found[-1], revoked_at=clock.now())
    act = Act(ActKind.TOKEN_REVOKE, by, revoked.name, reason, {"token_id": revoked.token_id})
    write_audit(store, act, clock.now())
    # Over the row of its making, though the clock be set back since.
    write_token(store, revoked, max(clock.now(), revoked.created_at + timedelta(microseconds=1)))
    return revoked


def new_operator_token() -> str:
    """The text of a token for `Tokens(operator=…)`."""
    return f"mp_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def _operator_token(text: str) -> AccessToken:
    _, token_id, secret = text.split("_", 2)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return AccessToken(token_id, "operator", digest, ("*",), tuple(Scope), 0.0, EPOCH, "")


def _told_of(token: AccessToken) -> dict[str, object]:
    return {
        "token_id": token.token_id,
        "scopes": list(token.scopes),
        "sources": list(token.sources),
        "rate_per_second": token.rate_per_second,
        "expires_at": format_instant(token.expires_at) if token.expires_at else None,
    }


def _check(
    store: Store,
    now: datetime,
    name: str,
    scopes: Sequence[str],
    sources: Sequence[str],
    expires_at: datetime | None,
) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"name is {name!r}; give 1 to 100 letters, digits or . _ @ -")
    if not scopes:
        raise UsageError(f"a token without a scope opens nothing; give some of {', '.join(Scope)}")
    for scope in scopes:
        if scope not in list(Scope):
            raise UsageError(f"scope is {scope!r}; give some of {', '.join(Scope)}")
    for source in sources:
        if not _SOURCE.fullmatch(source):
            raise UsageError(f"source is {source!r}; give a source, a beginning followed by *, or * for any")
    if not sources and {Scope.EVENTS, Scope.SOURCES} & set(scopes):
        raise UsageError("a token for events or sources needs the sources it may send; * stands for any")
    if expires_at and expires_at <= now:
        raise UsageError("the token would have expired already; give an instant to come")
    if any(one.name == name and one.revoked_at is None for one in list_tokens(store)):
        raise UsageError(f"there is a token {name!r}; revoke it first, or give another name")
