"""The routes about interventions: which there are, what calls would come to, runs of them, and their history."""

from collections.abc import Callable

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from collector.operations import actor_of, posted
from milepost.answers.intervention_questions import HistoryWish
from milepost.answers.interventions import DEEDS, StoreInterventions
from milepost.api.responses import get, limit_of
from milepost.intervention_rows import DecisionRequest, RunRequest, SelectionWish


def intervention_routes(answers: StoreInterventions) -> list[BaseRoute]:
    """The routes under /api/interventions; each calls or decides something only by POST with a JSON body."""

    def definitions(request: Request) -> object:
        return answers.definitions()

    def preflight(wish: SelectionWish, request: Request) -> object:
        return answers.plan(wish)

    def run(wish: RunRequest, request: Request) -> object:
        return answers.run_by(wish, actor_of(wish.by, request))

    def shown_run(request: Request) -> object:
        return answers.shown_run(request.path_params["run_id"])

    def history(request: Request) -> object:
        return answers.history(_wish(request.query_params))

    def versions(request: Request) -> object:
        return answers.versions(request.path_params["intervention_id"])

    def deed(name: str) -> Callable[[DecisionRequest, Request], object]:
        def decide(decision: DecisionRequest, request: Request) -> object:
            by = actor_of(decision.by, request)
            return answers.decide_by(request.path_params["run_id"], name, decision, by)

        return decide

    return [
        Route("/api/interventions", get(definitions), methods=["GET"]),
        Route("/api/interventions/preflight", posted(SelectionWish, preflight), methods=["POST"]),
        Route("/api/interventions/runs", posted(RunRequest, run), methods=["POST"]),
        Route("/api/interventions/runs/{run_id}", get(shown_run), methods=["GET"]),
        *(
            Route(f"/api/interventions/runs/{{run_id}}/{name}", posted(DecisionRequest, deed(name)), methods=["POST"])
            for name in DEEDS
        ),
        Route("/api/interventions/history", get(history), methods=["GET"]),
        Route("/api/interventions/history/{intervention_id}", get(versions), methods=["GET"]),
    ]


def _wish(params: QueryParams) -> HistoryWish:
    known = ("name", "object", "run", "state", "limit")
    if unknown := sorted(params.keys() - set(known)):
        raise ValueError(f"{unknown[0]!r} is not known; {', '.join(known[:-1])} and limit are")
    return HistoryWish(
        name=params.get("name", ""),
        business_object=params.get("object", ""),
        run_id=params.get("run", ""),
        states=params.getlist("state"),
        limit=limit_of(params),
    )
