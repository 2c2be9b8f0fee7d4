"""What tells others how a collector is: /healthz, /readyz and /metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from collector.commits import Commits
from collector.spooling import Spooling
from domain.errors import StoreError, StoreUnreachable
from storage.client import Store


def health_routes(
    store: Store,
    registry: CollectorRegistry,
    commits: Commits,
    spooling: Spooling,
    problem: Callable[[], StoreError | None],
) -> list[BaseRoute]:
    """The routes; alive is a collector whose commits all run, ready one that can acknowledge.

    `problem` says why the store could not be used since the start. One that is no matter of waiting makes a collector
    not ready, though its spool takes what comes: somebody has to look.
    """

    async def healthz(request: Request) -> Response:
        if not commits.are_alive:
            return JSONResponse({"status": "dead", "reason": "nothing is stored any more; restart"}, status_code=503)
        return JSONResponse({"status": "alive"})

    def readyz(request: Request) -> Response:
        waiting = spooling.waiting_bytes
        spool = {"spool_bytes": waiting} if waiting else {}
        error = problem() or store_error(store)
        if error is None:
            return JSONResponse({"status": "ready", **spool})
        is_away = isinstance(error, StoreUnreachable)
        is_ready = is_away and spooling.takes_more
        state = {"status": "spooling" if is_ready else "not ready", "store": "away" if is_away else "refuses"}
        return JSONResponse({**state, "reason": str(error), **spool}, status_code=200 if is_ready else 503)

    return [metrics_route(registry), Route("/healthz", healthz), Route("/readyz", readyz)]


def metrics_route(registry: CollectorRegistry) -> Route:
    """/metrics, in the form that is asked for."""

    def metrics(request: Request) -> Response:
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except (TypeError, ValueError):
            # It trips over a version that is no number.
            encode, content_type = choose_encoder("")
        return Response(encode(registry), headers={"content-type": content_type})

    return Route("/metrics", metrics)


def store_error(store: Store) -> StoreError | None:
    """What a store answers that does not answer as it should."""
    try:
        store.ping()
    except StoreError as error:
        return error
    return None
