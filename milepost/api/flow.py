"""The route about how work flows from milestone to milestone."""

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from domain.clock import Clock
from domain.instants import parse_storable_instant
from milepost.api.responses import get
from milepost.flow_wish import FlowWish, flow_answer
from milepost.kpi_book import USUAL_STRETCH
from storage.client import Store
from storage.kpi_cases import Pricing

_KNOWN = ("from", "to", "object_type", "legal_entity", "region")


def flow_routes(store: Store, clock: Clock, pricing: Pricing) -> list[BaseRoute]:
    """The route /api/flow; a running Milepost keeps the counts up to date."""

    def flow(request: Request) -> object:
        params = request.query_params
        if unknown := sorted(params.keys() - set(_KNOWN)):
            raise ValueError(f"{unknown[0]!r} is not known; {', '.join(_KNOWN[:-1])} and {_KNOWN[-1]} are")
        until = parse_storable_instant(params["to"]) if "to" in params else clock.now()
        since = parse_storable_instant(params["from"]) if "from" in params else until - USUAL_STRETCH
        chosen = (tuple(params.getlist(name)) for name in _KNOWN[2:])
        return flow_answer(store, pricing, FlowWish(since, until, *chosen))

    return [Route("/api/flow", get(flow))]
