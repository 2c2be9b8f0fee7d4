"""The reading part of the HTTP API that the commands use while a running Milepost holds the store.

What changes something at the door is in `collector.operations`; who may ask is settled before a request comes here.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from domain.clock import Clock
from domain.contract import Contracts
from domain.duration import parse_duration
from domain.instants import EPOCH, parse_storable_instant
from milepost.answers import StoreAnswers
from milepost.api_responses import get as _get
from milepost.api_responses import refuse
from milepost.api_responses import respond as _respond
from milepost.file_api import file_routes
from milepost.openapi import openapi_route
from milepost.source_rows import source_rows
from storage.client import Store
from storage.dead_letters import LetterFilter

_LARGEST_REQUEST = 4 * 1024 * 1024


class EvaluateRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Rule files by name, as text, and the instants to ask about."""

    rules: dict[str, str]
    calendars: str
    at: str
    known_at: str | None


_evaluate_decoder = msgspec.json.Decoder(EvaluateRequest)


def api_routes(store: Store, clock: Clock, contracts: Contracts = Contracts()) -> list[BaseRoute]:
    """The routes under /api."""
    answers = StoreAnswers(store, clock)

    def alerts(request: Request) -> object:
        return answers.alerts(request.query_params.get("state"), _limit(request.query_params))

    def dead_letters(request: Request) -> object:
        return answers.dead_letters(_letters(request.query_params), _limit(request.query_params))

    def dead_letter(request: Request) -> object:
        return answers.dead_letter(request.path_params["dead_letter_id"])

    def migrations(request: Request) -> object:
        return answers.migrations()

    def sources(request: Request) -> object:
        window = parse_duration(request.query_params.get("window", "1h"))
        return source_rows(store, contracts, clock.now(), window)

    async def evaluate(request: Request) -> Response:
        return await _evaluate(answers, contracts, request)

    return [
        Route("/api/alerts", _get(alerts)),
        Route("/api/dead-letters", _get(dead_letters)),
        Route("/api/dead-letters/{dead_letter_id:path}", _get(dead_letter)),
        Route("/api/migrations", _get(migrations)),
        Route("/api/sources", _get(sources)),
        Route("/api/evaluate", evaluate, methods=["POST"]),
        *file_routes(answers),
        openapi_route(),
    ]


async def _evaluate(answers: StoreAnswers, contracts: Contracts, request: Request) -> Response:
    # A page in a browser cannot send this content type to another origin without asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return refuse(415, "send application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_REQUEST:
            return refuse(413, "the rule files are larger than 4 MiB")
    return await run_in_threadpool(_respond, lambda: _evaluate_body(answers, contracts, body))


def _evaluate_body(answers: StoreAnswers, contracts: Contracts, body: bytes) -> list[dict[str, Any]]:
    try:
        asked = _evaluate_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a request to evaluate: {error}") from None
    with tempfile.TemporaryDirectory(prefix="milepost-rules-") as name:
        folder = Path(name)
        # Named here: what a sender calls a file need not be a name that a file can have.
        for number, text in enumerate(asked.rules.values()):
            (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
        calendars = folder / "calendars"
        calendars.write_text(asked.calendars, encoding="utf-8")
        known_at = parse_storable_instant(asked.known_at) if asked.known_at else None
        return answers.evaluation(folder, calendars, contracts, parse_storable_instant(asked.at), known_at)


def _letters(params: Mapping[str, str]) -> LetterFilter:
    known = ("channel", "code", "source", "state")
    if unknown := sorted(params.keys() - {*known, "since", "limit"}):
        raise ValueError(f"{unknown[0]!r} is not known; {', '.join(known)}, since and limit are")
    texts = {name: params[name] for name in known if name in params}
    return LetterFilter(**texts, since=parse_storable_instant(params["since"]) if "since" in params else EPOCH)


def _limit(params: Mapping[str, str]) -> int:
    text = params.get("limit", "100")
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 10_000:
        raise ValueError(f"limit is {text[:40]!r}; give 1 to 10000")
    return int(text)
