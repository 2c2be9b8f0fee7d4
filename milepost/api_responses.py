"""What the API's endpoints answer: JSON, or the reason why not with the status that fits."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from domain.errors import MilepostError, StoreUnreachable

_encoder = msgspec.json.Encoder()


def get(answer: Callable[[Request], object]) -> Callable[[Request], Response]:
    """An endpoint that gives the answer to a GET."""

    # Starlette runs a plain function in a thread, so a slow query does not hold up the collector.
    def endpoint(request: Request) -> Response:
        return respond(lambda: answer(request))

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
