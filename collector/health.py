"""What tells others how a collector is: /healthz, /readyz and /metrics."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from collector.commits import Commits
from collector.spooling import Spooling
from domain.errors import StoreError
from storage.client import Store


def health_routes(store: Store, registry: CollectorRegistry, commits: Commits, spooling: Spooling) -> list[BaseRoute]:
    """The routes; alive is a collector whose commits all run, ready one that can acknowledge."""

    def metrics(request: Request) -> Response:
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except (TypeError, ValueError):
            # It trips over a version that is no number.
            encode, content_type = choose_encoder("")
        return Response(encode(registry), headers={"content-type": content_type})

    async def healthz(request: Request) -> Response:
        if not commits.are_alive:
            return JSONResponse({"status": "dead", "reason": "nothing is stored any more; restart"}, status_code=503)
        return JSONResponse({"status": "alive"})

    def readyz(request: Request) -> Response:
        waiting = spooling.waiting_bytes
        spool = {"spool_bytes": waiting} if waiting else {}
        try:
            store.ping()
        except StoreError as error:
            if spooling.takes_more:
                return JSONResponse({"status": "spooling", "reason": str(error), **spool})
            return JSONResponse({"status": "not ready", "reason": str(error), **spool}, status_code=503)
        return JSONResponse({"status": "ready", **spool})

    return [Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]
