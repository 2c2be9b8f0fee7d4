"""The routes about silences: which there are, making or changing one, and ending one."""

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from alerts.silences import SilenceWish
from collector.operations import actor_of
from domain.instants import parse_storable_instant
from milepost.answers.from_store import StoreAnswers
from milepost.api.responses import get, limit_of, post, respond

_LARGEST_REQUEST = 64 * 1024


class SilenceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The silence that is asked for; `silence_id` names one to change."""

    matchers: list[str]
    ends_at: str
    comment: str
    created_by: str = ""
    starts_at: str | None = None
    silence_id: str = ""


def silence_routes(answers: StoreAnswers) -> list[BaseRoute]:
    """The routes under /api/silences."""

    def silences(request: Request) -> object:
        if unknown := sorted(request.query_params.keys() - {"state", "limit"}):
            raise ValueError(f"{unknown[0]!r} is not known; state and limit are")
        return answers.silences(request.query_params.getlist("state"), limit_of(request.query_params))

    def silence(request: Request) -> object:
        return answers.silence(request.path_params["silence_id"])

    def put(asked: SilenceRequest, request: Request) -> object:
        by = actor_of(asked.created_by, request)
        wish = SilenceWish(
            matchers=asked.matchers,
            ends_at=parse_storable_instant(asked.ends_at),
            created_by=str(by),
            comment=asked.comment,
            starts_at=parse_storable_instant(asked.starts_at) if asked.starts_at else None,
            silence_id=asked.silence_id,
            by=by,
        )
        return answers.put_silence(wish)

    def expire(request: Request) -> object:
        params = request.query_params
        if unknown := sorted(params.keys() - {"by", "reason"}):
            raise ValueError(f"{unknown[0]!r} is not known; by and reason are")
        by = actor_of(params.get("by", ""), request)
        return answers.expire_silence(request.path_params["silence_id"], by, params.get("reason", ""))

    taking = post(SilenceRequest, "silence", put, _LARGEST_REQUEST, "the silence is larger than 64 KiB")
    return [
        Route("/api/silences", get(silences), methods=["GET"]),
        Route("/api/silences", taking, methods=["POST"]),
        Route("/api/silences/{silence_id}", get(silence), methods=["GET"]),
        Route("/api/silences/{silence_id}/expire", lambda request: respond(lambda: expire(request)), methods=["POST"]),
    ]
