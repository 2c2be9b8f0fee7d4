"""What the API's endpoints answer: JSON, or the reason why not with the status that fits."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from domain.errors import MilepostError, StoreUnreachable

Asked = TypeVar("Asked")
_encoder = msgspec.json.Encoder()


def get(answer: Callable[[Request], object]) -> Callable[[Request], Response]:
    """An endpoint that gives the answer to a GET."""

    # Starlette runs a plain function in a thread, so a slow query does not hold up the collector.
    def endpoint(request: Request) -> Response:
        return respond(lambda: answer(request))

    return endpoint


def post(
    kind: type[Asked], what: str, answer: Callable[[Asked, Request], object], largest: int, too_large: str
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """An endpoint that gives the answer to a POST of JSON of this kind, which says `what` to do."""
    decoder = msgspec.json.Decoder(kind)

    def answer_body(body: bytes, request: Request) -> object:
        try:
            asked = decoder.decode(body)
        except msgspec.DecodeError as error:
            raise ValueError(f"not a request to {what}: {error}") from None
        return answer(asked, request)

    async def endpoint(request: Request) -> Response:
        # A page in a browser cannot send this content type to another origin without asking first.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return refuse(415, "send application/json")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                return refuse(413, too_large)
        return await run_in_threadpool(respond, lambda: answer_body(body, request))

    return endpoint


def respond(answer: Callable[[], object]) -> Response:
    """The answer as JSON; 503 where the store is away, 400 with the reason for what cannot be answered."""
    try:
        return Response(_encoder.encode(answer()), media_type="application/json")
    except StoreUnreachable as error:
        status, reason = 503, str(error)
    except (MilepostError, ValueError) as error:
        status, reason = 400, str(error)
    return refuse(status, reason)


def refuse(status: int, reason: str) -> Response:
    """The answer that says why there is none."""
    return Response(_encoder.encode({"reason": reason}), status_code=status, media_type="application/json")


def limit_of(params: Mapping[str, str]) -> int:
    """How many rows a request asks for at most; ValueError for what is no such number."""
    text = params.get("limit", "100")
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 10_000:
        raise ValueError(f"limit is {text[:40]!r}; give 1 to 10000")
    return int(text)
