"""The routes about hops: how calls and queues go, what waits behind each, and what would until the cutoff."""

from datetime import datetime, timedelta

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from domain.clock import Clock
from domain.instants import parse_storable_instant
from milepost.answers.hops import HopReads
from milepost.api.responses import get
from milepost.kpi_book import KpiBook
from storage.client import Store

USUAL_STRETCH = timedelta(hours=1)


def hop_routes(store: Store, clock: Clock, book: KpiBook) -> list[BaseRoute]:
    """The routes under /api/hops; a running Milepost keeps the calls up to date."""
    reads = HopReads(store, clock, book)

    def hops(request: Request) -> object:
        return reads.all(*_stretch(request.query_params, clock.now()))

    def hop(request: Request) -> object:
        return reads.one(request.path_params["hop"], *_stretch(request.query_params, clock.now()))

    return [Route("/api/hops", get(hops)), Route("/api/hops/{hop:path}", get(hop))]


def _stretch(params: QueryParams, now: datetime) -> tuple[datetime, datetime]:
    if unknown := sorted(params.keys() - {"from", "to"}):
        raise ValueError(f"{unknown[0]!r} is not known; from and to are")
    until = parse_storable_instant(params["to"]) if "to" in params else now
    since = parse_storable_instant(params["from"]) if "from" in params else until - USUAL_STRETCH
    return since, until
