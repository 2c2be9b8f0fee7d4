"""The reading part of the HTTP API that the commands use while a running Milepost holds the store.

What changes something at the door is in `collector.operations`; who may ask is settled before a request comes here.
"""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from alerts.muting import Routing, shipped_routing
from close.book import CloseBook
from domain.business_object import BusinessObject
from domain.clock import Clock
from domain.contract import Contracts
from domain.duration import parse_duration
from domain.instants import EARLIEST, EPOCH, LATEST, parse_storable_instant
from milepost.answers.from_store import StoreAnswers
from milepost.api.close import close_routes
from milepost.api.escalation import escalation_routes
from milepost.api.files import file_routes
from milepost.api.flow import flow_routes
from milepost.api.hops import hop_routes
from milepost.api.incidents import incident_routes
from milepost.api.kpis import kpi_routes
from milepost.api.people import people_routes
from milepost.api.responses import get as _get
from milepost.api.responses import limit_of
from milepost.api.rules import Refused, nothing_refused, rule_routes
from milepost.api.silences import silence_routes
from milepost.close_book import shipped_close_book
from milepost.kpi_book import KpiBook, load_kpi_book
from milepost.openapi import openapi_route
from milepost.settings import Settings
from milepost.source_rows import source_rows
from storage.alert_history import AlertFilter
from storage.client import Store
from storage.dead_letters import LetterFilter


def api_routes(
    store: Store,
    clock: Clock,
    contracts: Contracts = Contracts(),
    refused: Refused = nothing_refused,
    routing: Callable[[], Routing] = shipped_routing,
    kpis: KpiBook | None = None,
    close: CloseBook | None = None,
) -> list[BaseRoute]:
    """The routes under /api; `refused` and `routing` say how the files in force are.

    Without `kpis` and `close` the shipped ones are meant.
    """
    book = kpis or load_kpi_book(Settings())
    answers = StoreAnswers(store, clock, routing)

    def dead_letters(request: Request) -> object:
        return answers.dead_letters(_letters(request.query_params), limit_of(request.query_params))

    def dead_letter(request: Request) -> object:
        return answers.dead_letter(request.path_params["dead_letter_id"])

    def migrations(request: Request) -> object:
        return answers.migrations()

    def sources(request: Request) -> object:
        window = parse_duration(request.query_params.get("window", "1h"))
        return source_rows(store, contracts, clock.now(), window)

    return [
        *_alert_routes(answers),
        *people_routes(answers),
        *escalation_routes(answers),
        *incident_routes(answers),
        *close_routes(store, clock, close or shipped_close_book()),
        Route("/api/dead-letters", _get(dead_letters)),
        Route("/api/dead-letters/{dead_letter_id:path}", _get(dead_letter)),
        Route("/api/migrations", _get(migrations)),
        Route("/api/sources", _get(sources)),
        *rule_routes(answers, contracts, refused),
        *silence_routes(answers),
        *flow_routes(store, clock, book.settings.pricing),
        *hop_routes(store, clock, book),
        *kpi_routes(store, clock, book),
        *file_routes(answers),
        openapi_route(),
    ]


def _alert_routes(answers: StoreAnswers) -> list[BaseRoute]:
    def alerts(request: Request) -> object:
        return answers.alerts(request.query_params.get("state"), limit_of(request.query_params))

    def alert(request: Request) -> object:
        return answers.alert(request.path_params["alert_id"])

    def alert_history(request: Request) -> object:
        return answers.alert_history(_history_filter(request.query_params), limit_of(request.query_params))

    return [
        Route("/api/alerts", _get(alerts)),
        Route("/api/alerts/history", _get(alert_history)),
        Route("/api/alerts/{alert_id}", _get(alert)),
    ]


def _letters(params: Mapping[str, str]) -> LetterFilter:
    known = ("channel", "code", "source", "state")
    if unknown := sorted(params.keys() - {*known, "since", "limit"}):
        raise ValueError(f"{unknown[0]!r} is not known; {', '.join(known)}, since and limit are")
    texts = {name: params[name] for name in known if name in params}
    return LetterFilter(**texts, since=parse_storable_instant(params["since"]) if "since" in params else EPOCH)


def _history_filter(params: Mapping[str, str]) -> AlertFilter:
    known = ("alert", "object", "from", "to", "limit")
    if unknown := sorted(params.keys() - set(known)):
        raise ValueError(f"{unknown[0]!r} is not known; {', '.join(known[:-1])} and limit are")
    return AlertFilter(
        alert=params.get("alert", ""),
        business_object=BusinessObject.parse(params["object"]) if "object" in params else None,
        since=parse_storable_instant(params["from"]) if "from" in params else EARLIEST,
        until=parse_storable_instant(params["to"]) if "to" in params else LATEST,
    )
