"""The collector's HTTP door: /v1/events and /v1/traces, health and metrics.

The two hot endpoints are plain ASGI: at thousands of requests a second the framework's request object costs more
than the work on it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from collector.body import BodyTooLarge, Disconnected, UnsupportedEncoding, decompress, header, read_body
from collector.contract_door import ContractDoor, keep_flags
from collector.dead_lettering import RawHeaders, dead_letter
from collector.group_commit import GroupCommit, Overloaded
from collector.metrics import CollectorMetrics
from collector.receivers import cloudevents, otlp
from collector.receivers.otlp import TraceRequest
from collector.same_origin import SameOrigin
from collector.span_writer import SpanWriter
from collector.writer import EventOutcome, EventSubmission, EventWriter
from domain.clock import Clock
from domain.contract import Contracts
from domain.errors import InputError, StoreError
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters

RETRY_AFTER_SECONDS = 5
# Reading this much takes some milliseconds, 18 MiB of OTLP/JSON six seconds; a thread costs a tenth of a millisecond.
LARGEST_AT_ONCE = 256 * 1024
USUAL_COMPRESSION = 16
_json = msgspec.json.Encoder()
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]
Result = TypeVar("Result")


class Collector:
    """The receiving role: owns the commit threads and answers HTTP. Start before serving `app`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: CollectorRegistry,
        routes: list[BaseRoute],
        contracts: ContractDoor | None = None,
    ) -> None:
        """`routes` are answered beside the collector's own, such as the API that the commands use."""
        self._store = store
        self._contracts = contracts or ContractDoor(Contracts())
        self._clock = clock
        self._registry = registry
        self.metrics = CollectorMetrics(registry)
        self.writer = EventWriter(store, clock, self.metrics)
        self._events: GroupCommit[EventSubmission, EventOutcome] = GroupCommit(
            "commit events", self._commit_events, group_weight=50_000, waiting_weight=200_000
        )
        self._spans: GroupCommit[TraceRequest, bool] = GroupCommit(
            "commit spans",
            SpanWriter(store, self.metrics).commit,
            group_weight=32 * 1024 * 1024,
            waiting_weight=128 * 1024 * 1024,
        )
        self._letters: GroupCommit[DeadLetter, bool] = GroupCommit(
            "commit dead letters",
            self._commit_letters,
            group_weight=32 * 1024 * 1024,
            waiting_weight=128 * 1024 * 1024,
        )
        self.metrics.waiting.labels("events").set_function(lambda: self._events.waiting)
        self.metrics.waiting.labels("traces").set_function(lambda: self._spans.waiting)
        self.metrics.waiting.labels("dead_letters").set_function(lambda: self._letters.waiting)
        own: list[BaseRoute] = [
            Route("/v1/events", _Post(self._take_events)),
            Route("/v1/traces", _Post(self._take_traces)),
            Route("/metrics", self._metrics_page),
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
        ]
        self.app = SameOrigin(Starlette(routes=own + routes))

    def start(self) -> None:
        """Starts the commit threads."""
        self._events.start()
        self._spans.start()
        self._letters.start()

    def stop(self) -> None:
        """Commits what is waiting and ends the threads; call after the server stopped."""
        self._events.stop()
        self._spans.stop()
        self._letters.stop()

    async def _take_events(self, scope: Scope, receive: Receive, send: Send) -> None:
        content_type = header(scope, b"content-type")
        body = b""
        try:
            try:
                body = await read_body(scope, receive)
                content = await _content(scope, body)
                received = await _beside(
                    len(content), lambda: self._read_events(content_type, scope["headers"], content)
                )
            except InputError as error:
                kept, headers = await _beside(
                    len(body) * USUAL_COMPRESSION, lambda: self._contracts.masked_request(body, scope["headers"])
                )
                await self._keep_refused("events", error, content_type, headers, kept)
                await _answer(send, _status_of(error), {"code": error.code, "reason": str(error)})
                return
            submission = EventSubmission(received, content_type, self._contracts.masked_headers(scope["headers"]))
            outcome = await self._events.submit(submission, max(received.count, 1))
        except Disconnected:
            return
        except (Overloaded, StoreError) as error:
            await _answer(send, 503, {"code": "unavailable", "reason": self._busy("events", error)}, retry=True)
            return
        if received.is_batch:
            await _answer(send, 200, _batch_answer(outcome))
        elif outcome.rejected:
            await _answer(send, 400, {"code": outcome.rejected[0].code, "reason": outcome.rejected[0].reason})
        else:
            await _answer(send, 202, {"accepted": outcome.accepted, "duplicates": outcome.duplicates})

    async def _take_traces(self, scope: Scope, receive: Receive, send: Send) -> None:
        content_type = header(scope, b"content-type")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type not in (otlp.PROTOBUF, otlp.JSON):
            self.metrics.requests_refused.labels("traces", "unsupported_media_type").inc()
            reason = f"content type {media_type!r}; send {otlp.PROTOBUF} or {otlp.JSON}"
            await _answer(send, 415, {"code": "unsupported_media_type", "reason": reason})
            return
        body = b""
        try:
            try:
                body = await read_body(scope, receive)
                content = await _content(scope, body)
                request = await _beside(len(content), lambda: otlp.read_traces(media_type, content))
                self.metrics.spans_received.inc(request.spans + request.rejected_spans)
                self.metrics.spans_rejected.inc(request.rejected_spans)
                if request.spans:
                    await self._spans.submit(request, len(request.body))
            except InputError as error:
                await self._keep_refused("traces", error, content_type, scope["headers"], body)
                code = otlp.RESOURCE_EXHAUSTED if isinstance(error, BodyTooLarge) else otlp.INVALID_ARGUMENT
                await _send(send, _status_of(error), media_type, otlp.failure(media_type, code, str(error)))
                return
        except Disconnected:
            return
        except (Overloaded, StoreError) as error:
            status = otlp.failure(media_type, otlp.UNAVAILABLE, self._busy("traces", error))
            await _send(send, 503, media_type, status, retry=True)
            return
        await _send(send, 200, media_type, otlp.success(media_type, request.rejected_spans, request.error_message))

    def _read_events(self, content_type: str, headers: RawHeaders, content: bytes) -> cloudevents.Received:
        received = cloudevents.read_request(content_type, headers, content, self._clock.now())
        self._contracts.apply(received, self.metrics)
        return received

    def _commit_events(self, group: Sequence[EventSubmission]) -> list[EventOutcome | Exception]:
        outcomes = self.writer.commit(group)
        keep_flags(self._store, [submission.received for submission in group], outcomes, self._clock.now())
        return outcomes

    async def _keep_refused(
        self, channel: str, error: InputError, content_type: str, headers: RawHeaders, body: bytes
    ) -> None:
        """Keeps a request that was read whole but cannot be taken, before its sender is told."""
        self.metrics.requests_refused.labels(channel, error.code).inc()
        if not isinstance(error, BodyTooLarge):
            letter = dead_letter(error, self._clock.now(), channel, content_type, body, headers)
            await self._letters.submit(letter, len(body))
            self.metrics.dead_letters.labels(channel, error.code).inc()

    def _commit_letters(self, letters: Sequence[DeadLetter]) -> list[bool | Exception]:
        insert_dead_letters(self._store, letters)
        return [True] * len(letters)

    def _busy(self, channel: str, error: Exception) -> str:
        """Counts a request that could not be stored just now, and gives the reason to tell."""
        code = "overloaded" if isinstance(error, Overloaded) else "store_unavailable"
        self.metrics.requests_refused.labels(channel, code).inc()
        return str(error) or "too much is waiting to be stored; come back later"

    def _metrics_page(self, request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), headers={"content-type": content_type})

    async def _healthz(self, request: Request) -> Response:
        if not (self._events.is_alive and self._spans.is_alive and self._letters.is_alive):
            return JSONResponse({"status": "dead", "reason": "nothing is stored any more; restart"}, status_code=503)
        return JSONResponse({"status": "alive"})

    def _readyz(self, request: Request) -> Response:
        try:
            self._store.ping()
        except StoreError as error:
            return JSONResponse({"status": "not ready", "reason": str(error)}, status_code=503)
        return JSONResponse({"status": "ready"})


class _Post:
    """An ASGI endpoint for POST alone; a class, since Starlette takes plain functions for request handlers."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _answer(send, 405, {"code": "method_not_allowed", "reason": "send POST"}, extra=[(b"allow", b"POST")])
            return
        await self._endpoint(scope, receive, send)


async def _content(scope: Scope, body: bytes) -> bytes:
    encoding = header(scope, b"content-encoding")
    return await _beside(len(body) * USUAL_COMPRESSION, lambda: decompress(body, encoding)) if encoding else body


async def _beside(size: int, work: Callable[[], Result]) -> Result:
    """The result of work on that many bytes: much of it in a thread, so that other requests need not wait for it."""
    return await run_in_threadpool(work) if size > LARGEST_AT_ONCE else work()


def _batch_answer(outcome: EventOutcome) -> dict[str, object]:
    rejected = sorted(outcome.rejected, key=lambda rejection: rejection.index)
    return {
        "accepted": outcome.accepted,
        "duplicates": outcome.duplicates,
        "rejected": [
            {
                "index": rejection.index,
                "id": rejection.event_id,
                "code": rejection.code,
                "reason": rejection.reason,
            }
            for rejection in rejected
        ],
    }


def _status_of(error: InputError) -> int:
    if isinstance(error, BodyTooLarge):
        return 413
    if isinstance(error, UnsupportedEncoding) or error.code == "unsupported_media_type":
        return 415
    return 400


async def _answer(
    send: Send,
    status: int,
    content: Any,
    *,
    retry: bool = False,
    extra: list[tuple[bytes, bytes]] | None = None,
) -> None:
    await _send(send, status, "application/json", _json.encode(content), retry=retry, extra=extra)


async def _send(
    send: Send,
    status: int,
    content_type: str,
    body: bytes,
    *,
    retry: bool = False,
    extra: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        *(extra or []),
    ]
    if retry:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
