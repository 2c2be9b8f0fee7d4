"""Keeps other web pages away from the collector and the API: a page anywhere may send requests to loopback.

A browser tells where a request comes from (Sec-Fetch-Site, Origin) and under which name it found this server (Host):
a name that is not loopback's was made to point here (DNS rebinding). Every other client sends none of the first two.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
"""

import re

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})
_WATCHED = frozenset({b"host", b"origin", b"sec-fetch-site"})
# Senders of CloudEvents webhooks name themselves in Origin by a host alone; a page's has a scheme, or is null.
_NO_PAGE = re.compile(rb"(?!null$)[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})


class SameOrigin:
    """Wraps an ASGI app; raw headers, since it runs for every request.

    With `any_host` every name may be called: for a door that other machines reach and only tokens open.
    """

    def __init__(self, app: ASGIApp, *, any_host: bool = False) -> None:
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            told = {name: value.lower() for name, value in scope["headers"] if name in _WATCHED}
            if refusal := _refusal(told, scope["scheme"].encode(), any_host=self._any_host):
                await _refuse(send, *refusal)
                return
        await self._app(scope, receive, send)


def _refusal(told: dict[bytes, bytes], scheme: bytes, *, any_host: bool) -> tuple[int, str, str] | None:
    """Status, code and reason to answer; None for a request that may pass."""
    host = told.get(b"host")
    if not any_host and host is not None and _without_port(host) not in _LOOPBACK:
        return 421, "unknown_host", "only 127.0.0.1, localhost and [::1] are answered as the Host"
    origin = told.get(b"origin")
    is_page = origin is not None and not _NO_PAGE.fullmatch(origin)
    if told.get(b"sec-fetch-site") in _FOREIGN_SITES or (
        is_page and (host is None or origin != scheme + b"://" + host)
    ):
        return 403, "foreign_origin", "requests of other web pages are not taken"
    return None


def _without_port(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    return name if colon and (port.isdigit() or not port) else host


async def _refuse(send: Send, status: int, code: str, reason: str) -> None:
    body = msgspec.json.encode({"code": code, "reason": reason})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
