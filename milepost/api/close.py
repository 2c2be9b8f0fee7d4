"""The part of the API about the month-end close: how ready it is, what blocks it, and signing it off."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from close.book import CloseBook
from collector.operations import actor_of, posted
from domain.clock import Clock
from milepost.answers.close import CasesWish, CloseReads, SignOffRequest
from milepost.api.responses import get, limit_of
from storage.client import Store
from storage.close_cases import CasesWhich

_LARGEST_OFFSET = 10**9


def close_routes(store: Store, clock: Clock, book: CloseBook) -> list[BaseRoute]:
    """The routes under /api/close; a running Milepost keeps the cases up to date."""
    reads = CloseReads(store, clock, book)

    def close(request: Request) -> object:
        params = request.query_params
        _know(params, "period", "legal_entity")
        return reads.close(params.get("period", ""), params.getlist("legal_entity"))

    def gates(request: Request) -> object:
        return reads.gates()

    def cases(request: Request) -> object:
        params = request.query_params
        _know(params, "period", "legal_entity", "gate", "state", "limit", "offset")
        state = params.get("state", "open")
        if state not in list(CasesWhich):
            raise ValueError(f"state is {state[:40]!r}; give one of {', '.join(CasesWhich)}")
        return reads.cases(
            CasesWish(
                period=params.get("period", ""),
                legal_entity=params.get("legal_entity"),
                gate=params.get("gate", ""),
                which=CasesWhich(state),
                limit=limit_of(params),
                offset=_offset(params),
            )
        )

    def history(request: Request) -> object:
        params = request.query_params
        _know(params, "period", "legal_entity", "limit")
        return reads.history(params.get("legal_entity", ""), params.get("period", ""), limit_of(params))

    def sign_off(asked: SignOffRequest, request: Request) -> object:
        return reads.sign_off(asked.wish(), actor_of(asked.by, request))

    return [
        Route("/api/close", get(close)),
        Route("/api/close/gates", get(gates)),
        Route("/api/close/cases", get(cases)),
        Route("/api/close/history", get(history)),
        Route("/api/close/sign-offs", posted(SignOffRequest, sign_off), methods=["POST"]),
    ]


def _know(params: QueryParams, *known: str) -> None:
    if unknown := sorted(params.keys() - set(known)):
        raise ValueError(f"{unknown[0]!r} is not known; {', '.join(known[:-1])} and {known[-1]} are")


def _offset(params: QueryParams) -> int:
    text = params.get("offset", "0")
    if not text.isdecimal() or not text.isascii() or len(text) > 10 or int(text) > _LARGEST_OFFSET:
        raise ValueError(f"offset is {text[:40]!r}; give 0 to {_LARGEST_OFFSET}")
    return int(text)
