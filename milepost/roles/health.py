"""What tells others how a role is that takes no input: /healthz, /readyz and /metrics, on a port of its own."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.access import Access, DoorSettings
from collector.health import metrics_route, store_error
from collector.metrics import CollectorMetrics
from collector.tokens import Tokens
from collector.unknown_paths import REFUSALS
from domain.errors import StoreUnreachable
from milepost.exposure import LOOPBACK
from milepost.roles.ground import Ground

_OWN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class RoleDoor:
    """The HTTP door of a role that takes no input; /metrics and the API need a token where the collector's do."""

    def __init__(self, ground: Ground, host: str, status: Callable[[], str]) -> None:
        """`status` says what a role is that is ready."""
        self._ground = ground
        self._status = status
        settings = ground.settings
        self.tokens = Tokens(ground.store)
        self._door = DoorSettings(host not in LOOPBACK, settings.rate_limit)
        ground.arrival.attempt(self.tokens.refresh)

    def app(self, routes: Sequence[BaseRoute] = ()) -> ASGIApp:
        """Answers these routes beside its own."""
        own = [metrics_route(self._ground.registry), Route("/healthz", _healthz), Route("/readyz", self._readyz)]
        inner = Starlette(routes=[*own, *routes], exception_handlers=REFUSALS)
        metrics = CollectorMetrics(CollectorRegistry())
        return Access(inner, self.tokens, self._ground.clock, metrics, self._door, lambda path: False)

    def before(self, app: ASGIApp) -> ASGIApp:
        """The same app with the role's own paths before it."""
        own = self.app()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            is_own = scope["type"] == "http" and scope["path"] in _OWN_PATHS
            await (own if is_own else app)(scope, receive, send)

        return answer

    def start(self) -> None:
        """Hears from now on of tokens that others make and revoke."""
        self.tokens.start()
        self._ground.closing.callback(self.tokens.stop)

    def _readyz(self, request: Request) -> Response:
        error = self._ground.arrival.problem or store_error(self._ground.store)
        if error is None:
            return JSONResponse({"status": self._status()})
        store = "away" if isinstance(error, StoreUnreachable) else "refuses"
        return JSONResponse({"status": "not ready", "store": store, "reason": str(error)}, status_code=503)


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "alive"})
