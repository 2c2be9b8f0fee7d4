"""How long requests took and how they were answered, at the door of a collector or an engine."""

import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.body import header
from collector.event_content import trace_context

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# https://www.w3.org/TR/trace-context/#sampled-flag
_SAMPLED = 0x01
_CHANNELS = {
    **{f"/v1/{name}": name for name in ("events", "traces", "logs", "metrics")},
    **dict.fromkeys(("/healthz", "/readyz", "/metrics"), "health"),
}
_FOLDERS = (("/v1/sources/", "sources"), ("/v1/actions/", "actions"), ("/api/", "api"))


class TimedRequests:
    """Wraps an ASGI app; its histogram's labels are bounded, and its exemplars are the senders' traces."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "milepost_request_duration_seconds",
            "How long requests took, by channel and class of the answer (2xx to 5xx).",
            ("channel", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, note)
        except Exception:
            # What the server answers in the app's place.
            status = status or 500
            raise
        finally:
            # A sender that left before it was answered waited for nobody.
            if status:
                seconds = self._seconds.labels(channel_of(scope["path"]), f"{status // 100}xx")
                seconds.observe(time.perf_counter() - began, exemplar_of(header(scope, b"traceparent")))


def exemplar_of(traceparent: str) -> dict[str, str] | None:
    """The sender's trace; None where the header is none, or says that nobody keeps it."""
    trace_id, _ = trace_context(traceparent)
    is_sampled = bool(trace_id) and int(traceparent.split("-")[3][:2], 16) & _SAMPLED
    return {"trace_id": trace_id} if is_sampled else None


def channel_of(path: str) -> str:
    """What a request counts under; whatever a sender makes up is `other`."""
    known = _CHANNELS.get(path)
    return known or next((name for folder, name in _FOLDERS if path.startswith(folder)), "other")
