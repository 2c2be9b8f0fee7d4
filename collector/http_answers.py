"""Writes answers to HTTP requests, for endpoints that are plain ASGI."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

ALLOW_POST = (b"allow", b"POST")
NOT_ALLOWED = {"code": "method_not_allowed", "reason": "send POST"}
_json = msgspec.json.Encoder()
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]


class Only:
    """An ASGI endpoint for one method; a class, since Starlette takes plain functions for request handlers."""

    def __init__(self, method: str, endpoint: Endpoint) -> None:
        self._method = method
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != self._method:
            await send_json(send, 405, NOT_ALLOWED, extra=[ALLOW_POST])
            return
        await self._endpoint(scope, receive, send)


async def send_json(
    send: Send, status: int, content: Any, *, retry_after: int = 0, extra: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Answers in JSON."""
    await send_body(send, status, "application/json", _json.encode(content), retry_after=retry_after, extra=extra)


async def send_body(
    send: Send,
    status: int,
    content_type: str,
    body: bytes,
    *,
    retry_after: int = 0,
    extra: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answers with a body and `extra` headers; `retry_after` is in seconds, 0 says nothing of it."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *extra]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def agree(scope: Scope, _: Receive, send: Send) -> None:
    """Consents to deliveries of CloudEvents; whether one is believed is settled by its token.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
    """
    sender = dict(scope["headers"]).get(b"webhook-request-origin", b"")
    if not sender:
        await send_json(send, 405, NOT_ALLOWED, extra=[ALLOW_POST])
        return
    # Who sends more than is taken hears 429.
    extra = [ALLOW_POST, (b"webhook-allowed-origin", sender), (b"webhook-allowed-rate", b"*")]
    await send_json(send, 200, {}, extra=extra)
