"""What Streamlit's sign-in leaves open: cookies that only travel encrypted, the way back to the page that was asked
for, and answers of the provider that fail."""

import logging
import re
import threading
from datetime import datetime, timedelta
from urllib.parse import parse_qs, quote, unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.sign_in_config import CALLBACK
from domain.audit import NOBODY, Act, ActKind
from domain.clock import Clock
from domain.errors import StoreError
from storage.audit import write_audit
from storage.client import Store

# What a page that was led to so says.
FAILED = "sign_in"
_FAILED_PLACE = b"/?sign_in=failed"
_SIGNED_IN = b"_streamlit_user="
# Where the reader wanted to go: a provider leads to one address alone.
_WANTED = "milepost_wanted"
_WANTED_SECONDS = 600
_LONGEST_WANTED = 1500
_PLACE = re.compile(r"/[^\\\x00-\x1f\x7f]*")
# Anybody who reaches the console can make a sign-in fail, and must not fill the log so.
_APART = timedelta(seconds=10)
_WORDS = "what the provider answered was not accepted; the log says why"
_log = logging.getLogger("milepost.console")


class SignInDoor:
    """Wraps the console's ASGI app."""

    def __init__(self, app: ASGIApp, store: Store, clock: Clock, *, is_https: bool) -> None:
        self._app = app
        self._store = store
        self._clock = clock
        self._is_https = is_https
        self._lock = threading.Lock()
        self._noted_at: datetime | None = None
        self._left_out = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_answer = scope["path"] == CALLBACK and _is_answer(scope)

        async def checked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if is_answer:
                    place = _wanted_before(scope)
                    if not _signs_in(headers):
                        place = _FAILED_PLACE
                        await run_in_threadpool(self._note_failure)
                    headers = [(name, place if name == b"location" else value) for name, value in headers]
                elif wanted := _wanted_now(scope):
                    cookie = f"{_WANTED}={wanted}; Max-Age={_WANTED_SECONDS}; Path={CALLBACK}; HttpOnly; SameSite=lax"
                    headers.append((b"set-cookie", cookie.encode()))
                if self._is_https:
                    headers = [(name, _secured(name, value)) for name, value in headers]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, checked)

    def _note_failure(self) -> None:
        now = self._clock.now()
        with self._lock:
            if self._noted_at is not None and now - self._noted_at < _APART:
                self._left_out += 1
                return
            self._noted_at, left_out, self._left_out = now, self._left_out, 0
        details = {"code": "answer_not_accepted", "others_since": left_out}
        try:
            write_audit(self._store, Act(ActKind.SESSION_REFUSE, NOBODY, "sign-in", _WORDS, details), now)
        except StoreError as error:
            _log.warning("a failed sign-in could not be written down: %s", error)


def _is_answer(scope: Scope) -> bool:
    """Whether a provider answers here; one that was signed out at leads here, too, and says nothing."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return "code" in query or "error" in query


def _wanted_now(scope: Scope) -> str:
    """The page that a person goes to, as it stands in a cookie; empty for all else that a browser gets."""
    request = Request(scope)
    if request.headers.get("sec-fetch-dest") != "document" or scope["path"].startswith("/auth/"):
        return ""
    query = scope["query_string"].decode("latin-1")
    wanted = quote(scope["path"] + (f"?{query}" if query and FAILED not in parse_qs(query) else ""), safe="")
    return wanted if len(wanted) <= _LONGEST_WANTED else ""


def _wanted_before(scope: Scope) -> bytes:
    """Where the reader wanted to go; the first page where that is not known, or not here."""
    place = unquote(Request(scope).cookies.get(_WANTED, ""))
    is_here = _PLACE.fullmatch(place) and not place.startswith("//")
    # The path is decoded in a request, and is written encoded.
    path, mark, query = place.partition("?")
    return (quote(path) + mark + query).encode("ascii", "ignore") if is_here else b"/"


def _signs_in(headers: list[tuple[bytes, bytes]]) -> bool:
    cookies = [value for name, value in headers if name == b"set-cookie" and value.startswith(_SIGNED_IN)]
    return any(not cookie.startswith((_SIGNED_IN + b'""', _SIGNED_IN + b";")) for cookie in cookies)


def _secured(name: bytes, value: bytes) -> bytes:
    is_open = name == b"set-cookie" and b"; secure" not in value.lower()
    return value + b"; Secure" if is_open else value
