"""The part of the API about what people do: with alerts, and the log of all that they did."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from collector.operations import actor_of, posted
from domain.instants import EARLIEST, LATEST, parse_storable_instant
from milepost.alert_handling import ActionWish
from milepost.answers.from_store import StoreAnswers
from milepost.api.responses import get
from storage.audit import AuditPeriod


def people_routes(answers: StoreAnswers) -> list[BaseRoute]:
    """The routes under /api/alerts that change something, and those under /api/audit."""

    def act_on_alert(wish: ActionWish, request: Request) -> object:
        return answers.do_with_alert(request.path_params["alert_id"], wish, actor_of(wish.by, request))

    def audit_verification(request: Request) -> object:
        return answers.audit_verification(request.query_params.get("head"))

    def audit_page(request: Request) -> object:
        params = request.query_params
        return answers.audit_page(_period(params), _first(params))

    return [
        Route("/api/alerts/{alert_id}/actions", posted(ActionWish, act_on_alert), methods=["POST"]),
        Route("/api/audit", get(audit_page)),
        Route("/api/audit/verification", get(audit_verification)),
    ]


def _period(params: Mapping[str, str]) -> AuditPeriod:
    if unknown := sorted(params.keys() - {"from", "to", "first"}):
        raise ValueError(f"{unknown[0]!r} is not known; from, to and first are")
    return AuditPeriod(
        since=parse_storable_instant(params["from"]) if "from" in params else EARLIEST,
        until=parse_storable_instant(params["to"]) if "to" in params else LATEST,
    )


def _first(params: Mapping[str, str]) -> int:
    text = params.get("first", "0")
    if not text.isdecimal() or len(text) > 20:
        raise ValueError(f"first is {text[:40]!r}; give the number of an entry")
    return int(text)
