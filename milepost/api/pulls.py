"""The part of the API by which `milepost pull` asks a running Milepost, which holds the store, to pull now."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from collector.access import CALLER, Caller
from collector.files.door import Door
from collector.pull_runs import PullRuns, pull_row
from milepost.api.responses import refuse, respond


def pull_routes(runs: PullRuns, door: Door) -> list[BaseRoute]:
    """The routes under /api/pulls."""

    def names(request: Request) -> Response:
        return respond(lambda: runs.names)

    def run(request: Request) -> Response:
        caller: Caller | None = request.scope.get(CALLER)
        name = request.path_params["name"]
        if caller and caller.token and name in runs.names and not caller.may_send(runs.source_of(name)):
            return refuse(403, f"the token {caller.token.name} may not send events of the sources of the pull {name!r}")
        return respond(lambda: _run(name))

    def _run(name: str) -> object:
        [chosen] = runs.chosen([name])
        return pull_row(chosen, runs.run(chosen, door))

    return [Route("/api/pulls", names, methods=["GET"]), Route("/api/pulls/{name}", run, methods=["POST"])]
