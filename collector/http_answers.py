"""Writes answers to HTTP requests, for endpoints that are plain ASGI."""

from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.types import Send

_json = msgspec.json.Encoder()


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
