"""The routes about who is called when nobody acknowledges, and about digests."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from domain.instants import parse_storable_instant
from milepost.answers.from_store import StoreAnswers
from milepost.api.responses import get


def escalation_routes(answers: StoreAnswers) -> list[BaseRoute]:
    """The routes under /api/escalation and /api/digests, and an alert's escalation."""

    def policies(request: Request) -> object:
        return answers.escalation_policies(request.query_params.get("policy"), _at(request.query_params, "policy"))

    def of_alert(request: Request) -> object:
        return answers.escalation_of_alert(request.path_params["alert_id"], _at(request.query_params))

    def digest(request: Request) -> object:
        return answers.digest(request.path_params["name"], _at(request.query_params))

    return [
        Route("/api/escalation", get(policies), methods=["GET"]),
        Route("/api/alerts/{alert_id}/escalation", get(of_alert), methods=["GET"]),
        Route("/api/digests/{name}", get(digest), methods=["GET"]),
    ]


def _at(params: Mapping[str, str], *others: str) -> datetime | None:
    known = ("at", *others)
    if unknown := sorted(params.keys() - set(known)):
        verb = "are" if others else "is"
        raise ValueError(f"{unknown[0]!r} is not known; {' and '.join(known)} {verb}")
    return parse_storable_instant(params["at"]) if "at" in params else None
