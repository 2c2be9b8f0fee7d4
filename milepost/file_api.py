"""The part of the API that `milepost ingest` and `milepost export` use while a running Milepost holds the store."""

from collections.abc import Callable

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from collector.files.door import Checkpoint
from domain.errors import MilepostError, StoreUnreachable
from milepost.answers import StoreAnswers
from storage.event_export import EventKey

_encoder = msgspec.json.Encoder()
_checkpoint_decoder = msgspec.json.Decoder(Checkpoint)


def file_routes(answers: StoreAnswers) -> list[BaseRoute]:
    """The routes under /api/ingest and /api/export."""

    def read_checkpoint(request: Request) -> object:
        return answers.checkpoints().read(request.path_params["file"])

    def shared_names(request: Request) -> object:
        return answers.shared_names()

    def events(request: Request) -> object:
        params = request.query_params
        return answers.events_after(EventKey(params.get("source", ""), params.get("event_id", "")))

    async def record_checkpoint(request: Request) -> Response:
        # Only this program sends this; a page in a browser cannot send a PUT to another origin without asking first.
        body = await request.body()
        return await run_in_threadpool(_respond, lambda: _record(answers, request.path_params["file"], body))

    return [
        Route("/api/ingest/{file}", _get(read_checkpoint), methods=["GET"]),
        Route("/api/ingest/{file}", record_checkpoint, methods=["PUT"]),
        Route("/api/export/shared-names", _get(shared_names)),
        Route("/api/export/events", _get(events)),
    ]


def _record(answers: StoreAnswers, file: str, body: bytes) -> object:
    try:
        checkpoint = _checkpoint_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a checkpoint: {error}") from None
    answers.checkpoints().record(file, checkpoint)
    return checkpoint


def _get(answer: Callable[[Request], object]) -> Callable[[Request], Response]:
    # Starlette runs a plain function in a thread, so a slow query does not hold up the collector.
    return lambda request: _respond(lambda: answer(request))


def _respond(answer: Callable[[], object]) -> Response:
    try:
        return Response(_encoder.encode(answer()), media_type="application/json")
    except StoreUnreachable as error:
        status, reason = 503, str(error)
    except (MilepostError, ValueError) as error:
        status, reason = 400, str(error)
    return Response(_encoder.encode({"reason": reason}), status_code=status, media_type="application/json")
