"""The routes about incidents: which there are, one with its alerts, and acknowledging one."""

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from collector.operations import actor_of, posted
from milepost.alert_handling import AcknowledgeWish
from milepost.answers.incidents import StoreIncidents
from milepost.api.responses import get, limit_of


def incident_routes(answers: StoreIncidents) -> list[BaseRoute]:
    """The routes under /api/incidents."""

    def incidents(request: Request) -> object:
        _know(request, "state", "limit")
        return answers.incidents(request.query_params.getlist("state"), limit_of(request.query_params))

    def incident(request: Request) -> object:
        _know(request, "limit")
        return answers.incident(request.path_params["incident_id"], limit_of(request.query_params))

    def acknowledge(wish: AcknowledgeWish, request: Request) -> object:
        return answers.acknowledge_as(request.path_params["incident_id"], wish, actor_of(wish.by, request))

    path = "/api/incidents/{incident_id}"
    return [
        Route("/api/incidents", get(incidents)),
        Route(path, get(incident)),
        Route(f"{path}/acknowledge", posted(AcknowledgeWish, acknowledge), methods=["POST"]),
    ]


def _know(request: Request, *known: str) -> None:
    if unknown := sorted(request.query_params.keys() - set(known)):
        are = "is" if len(known) == 1 else "are"
        raise ValueError(f"{unknown[0]!r} is not known; {' and '.join(known)} {are}")
