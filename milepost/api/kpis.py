"""The part of the API about KPIs: their definitions, figures, cases, and what was stated day by day."""

from datetime import datetime

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from domain.clock import Clock
from domain.instants import parse_storable_instant
from domain.kpi import Dimension
from milepost.answers.kpi import KpiReads
from milepost.api.responses import get, limit_of
from milepost.kpi_book import USUAL_STRETCH, KpiBook, KpiWish
from storage.client import Store

_STRETCH = ("from", "to")


def kpi_routes(store: Store, clock: Clock, book: KpiBook) -> list[BaseRoute]:
    """The routes under /api/kpis; a running Milepost keeps the cases up to date."""
    reads = KpiReads(store, book)

    def definitions(request: Request) -> object:
        return reads.definitions()

    def figures(request: Request) -> object:
        _refuse_unknown(request.query_params, (*_STRETCH, "period", "by", *Dimension))
        return reads.figures(request.path_params["kpi"], _wish(request.query_params, clock.now()))

    def cases(request: Request) -> object:
        params = request.query_params
        _refuse_unknown(params, (*_STRETCH, "period", "state", "limit", *Dimension))
        state = params.get("state", "closed")
        if state not in ("open", "closed"):
            raise ValueError(f"state is {state[:40]!r}; give open or closed")
        wish = _wish(params, clock.now())
        return reads.cases(request.path_params["kpi"], wish, limit_of(params), is_open=state == "open")

    def days(request: Request) -> object:
        _refuse_unknown(request.query_params, _STRETCH)
        return reads.days(request.path_params["kpi"], *_stretch(request.query_params, clock.now()))

    return [
        Route("/api/kpis", get(definitions)),
        Route("/api/kpis/{kpi}/figures", get(figures)),
        Route("/api/kpis/{kpi}/cases", get(cases)),
        Route("/api/kpis/{kpi}/days", get(days)),
    ]


def _refuse_unknown(params: QueryParams, known: tuple[str, ...]) -> None:
    if unknown := sorted(params.keys() - set(known)):
        raise ValueError(f"{unknown[0]!r} is not known; {', '.join(known[:-1])} and {known[-1]} are")


def _wish(params: QueryParams, now: datetime) -> KpiWish:
    only = {name.value: tuple(params.getlist(name)) for name in Dimension if name in params}
    if "period" in params and not params.keys().isdisjoint(_STRETCH):
        raise ValueError("a period has its own beginning and end; give either period, or from and to")
    return KpiWish(*_stretch(params, now), params.get("by", ""), only, params.get("period", ""))


def _stretch(params: QueryParams, now: datetime) -> tuple[datetime, datetime]:
    until = parse_storable_instant(params["to"]) if "to" in params else now
    since = parse_storable_instant(params["from"]) if "from" in params else until - USUAL_STRETCH
    return since, until
