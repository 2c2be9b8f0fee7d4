"""The routes by which vendors tell what people did there; a request proves itself by its signature, not by a token."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from alerts.config import RoutingConfig
from alerts.inbound.listeners import Listener, listeners
from alerts.inbound.pagerduty_events import take_pagerduty
from alerts.inbound.signatures import NotBelieved, SignatureFault
from alerts.inbound.slack_clicks import answer_click, take_slack
from alerts.inbound.told import Outcome
from alerts.notifiers.pagerduty import PagerDutyConfig
from alerts.notifiers.slack import SlackConfig
from domain.clock import Clock
from domain.errors import ConfigError, InputError, StoreError
from storage.client import Store

# PagerDuty drops what is larger than 256 kB itself.
LARGEST = 512 * 1024
NOT_CONFIGURED = "not_configured"
_FAULTS = {
    SignatureFault.MISSING: "the request carries no signature",
    SignatureFault.WRONG: "the request's signature is of no secret that the routing file names",
    SignatureFault.TOO_OLD: "the request was signed too long ago, or this machine's clock is wrong",
}
_encoder = msgspec.json.Encoder()
Work = Callable[[Request, list[Listener], bytes], Response]


class ActionMetrics:
    """What came in, by channel and what became of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "milepost_inbound_actions_total",
            "Requests of vendors about what people did there, by what became of them.",
            ["channel", "outcome"],
            registry=registry,
        )


class Actions:
    """Takes what vendors tell, for the entries of the routing file as they are then."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        routing: Callable[[], RoutingConfig],
        environ: Mapping[str, str],
        metrics: ActionMetrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._routing = routing
        self._environ = environ
        self._metrics = metrics

    def endpoint(
        self, channel: str, kind: type[PagerDutyConfig] | type[SlackConfig], secret: str, work: Work
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a channel's requests; `secret` is the key by which an entry of that kind names its secret."""

        def answer(request: Request, body: bytes) -> Response:
            listening = listeners(self._routing(), kind, self._environ)
            if not listening:
                reason = f"no entry of {channel}_configs has a {secret}_file or {secret}_env yet"
                return self._refuse(channel, 503, NOT_CONFIGURED, reason)
            try:
                return work(request, listening, body)
            except NotBelieved as error:
                return self._refuse(channel, 401, error.fault.value, _FAULTS[error.fault])
            except InputError as error:
                return self._refuse(channel, 400, Outcome.UNREADABLE.value, str(error))
            except (StoreError, ConfigError) as error:
                return self._refuse(channel, 503, "unavailable", str(error))

        async def endpoint(request: Request) -> Response:
            body = b""
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    return self._refuse(channel, 413, "too_large", "the request is larger than 512 KiB")
            return await run_in_threadpool(answer, request, body)

        return endpoint

    def pagerduty(self, request: Request, listening: list[Listener], body: bytes) -> Response:
        """Takes a webhook."""
        header = ",".join(request.headers.getlist("x-pagerduty-signature"))
        done = take_pagerduty(self._store, listening, header, body, self._clock.now())
        self._count("pagerduty", done.outcome.value)
        return _answer(202, {"outcome": done.outcome.value, "alerts": done.alerts})

    def slack(self, request: Request, listening: list[Listener], body: bytes) -> Response:
        """Takes a click; what became of it is told after the answer, which Slack waits for."""
        now = self._clock.now()
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        reply = take_slack(self._store, listening, timestamp, signature, body, now)
        self._count("slack", reply.done.outcome.value)
        if reply.config is None:
            return _answer(200, {"response_type": "ephemeral", "text": reply.done.words})
        return Response(status_code=200, background=BackgroundTask(answer_click, reply, now))

    def _refuse(self, channel: str, status: int, code: str, reason: str) -> Response:
        self._count(channel, code)
        return _answer(status, {"code": code, "reason": reason})

    def _count(self, channel: str, outcome: str) -> None:
        self._metrics.requests.labels(channel, outcome).inc()


def action_routes(
    store: Store,
    clock: Clock,
    routing: Callable[[], RoutingConfig],
    environ: Mapping[str, str],
    registry: CollectorRegistry,
) -> list[BaseRoute]:
    """The routes under /v1/actions."""
    actions = Actions(store, clock, routing, environ, ActionMetrics(registry))
    pagerduty = actions.endpoint("pagerduty", PagerDutyConfig, "webhook_secret", actions.pagerduty)
    slack = actions.endpoint("slack", SlackConfig, "signing_secret", actions.slack)
    return [
        Route("/v1/actions/pagerduty", pagerduty, methods=["POST"]),
        Route("/v1/actions/slack", slack, methods=["POST"]),
    ]


def _answer(status: int, content: object) -> Response:
    return Response(_encoder.encode(content), status_code=status, media_type="application/json")
