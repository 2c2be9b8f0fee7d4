"""The collector's HTTP door: /v1/events, /v1/sources, OTLP under /v1/traces and /v1/logs, health and metrics.

The hot endpoints are plain ASGI: at thousands of requests a second the framework's request object costs more
than the work on it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from collector.access import CALLER, SOURCE_NOT_ALLOWED, Access, Caller, DoorSettings, keep_to_sources
from collector.body import BodyTooLarge, Disconnected, UnsupportedEncoding, beside, decompress, header, read_body
from collector.commits import Commits
from collector.contract_door import ContractDoor
from collector.dead_lettering import RawHeaders, dead_letter
from collector.group_commit import Overloaded
from collector.group_submit import submit_all
from collector.health import health_routes
from collector.http_answers import Only, agree, send_body, send_json
from collector.metrics import CollectorMetrics
from collector.object_door import ObjectDoor
from collector.operations import operation_routes
from collector.otlp_door import UNIMPLEMENTED, OtlpDoor, Signal, SignalNotTaken
from collector.receivers import cloudevents, otlp
from collector.receivers.cloudevents import Received
from collector.receivers.otlp import TraceRequest
from collector.receivers.otlp_logs import LogRequest
from collector.receivers.source_webhook import Refusal, Refused, SourceWebhook, counts, unknown_source
from collector.replay import Replay
from collector.replay_channels import replay_channels
from collector.same_origin import SameOrigin
from collector.source_rates import THROTTLED, SourceRates, Throttled
from collector.span_mapping import SpanMapper
from collector.span_mapping_config import CorrelationConfig
from collector.span_runs import SpanRuns
from collector.spooling import Spooling, SpoolSettings
from collector.tokens import Tokens
from collector.unknown_paths import REFUSALS
from collector.writer import EventOutcome, EventSubmission, EventWriter
from domain.clock import Clock
from domain.contract import Contracts
from domain.errors import InputError, StoreError
from storage.client import Store

RETRY_AFTER_SECONDS = 5
USUAL_COMPRESSION = 16
# What expressions cost beside a compiled decoder.
COST_OF_EXPRESSIONS = 128


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request held and what became of it; with `retry_after` its sender has to send it again."""

    content: bytes
    received: Received
    outcome: EventOutcome
    retry_after: int = 0


class Collector:
    """The receiving role: owns the commit threads and answers HTTP. Start before serving `app`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        registry: CollectorRegistry,
        routes: list[BaseRoute],
        contracts: ContractDoor | None = None,
        sources: Mapping[str, SourceWebhook] | None = None,
        correlation: CorrelationConfig = CorrelationConfig(),
        *,
        door: DoorSettings = DoorSettings(),
        spool: SpoolSettings | None = None,
        store_problem: Callable[[], StoreError | None] | None = None,
    ) -> None:
        """`routes` are answered beside the collector's own, such as the API that the commands use.

        With `spool` what comes while a server store is away is acknowledged from there; with `store_problem`, which
        says why the store cannot be used yet, all until `load`.
        """
        self._sources = sources or {}
        self._store = store
        self._contracts = contracts or ContractDoor(Contracts())
        self._clock = clock
        self._registry = registry
        self.metrics = CollectorMetrics(registry)
        self._spooling = Spooling(store, clock, self.metrics, spool)
        runs, spooling = SpanRuns(correlation.correlation_id), self._spooling
        self._commits = Commits(store, clock, self.metrics, spooling, runs)
        mapper = SpanMapper(correlation, self.metrics)
        self._rates = SourceRates(self._contracts.rates, self.metrics)
        self.otlp = OtlpDoor(clock, self.metrics, self._commits, mapper, self._read_events, self._rates)
        self._default_rate = door.rate_per_second
        self._store_problem = store_problem or (lambda: None)
        kept = spool.folder / "tokens.json" if spool and not store.is_embedded else None
        self.tokens = Tokens(store, door.operator, kept)
        self.replay = self._replay()
        self.routes = self._routes() + routes
        app = Starlette(routes=self.routes, exception_handlers=REFUSALS)
        self.access = Access(app, self.tokens, clock, self.metrics, door, self._proves_itself)
        # Where only a token opens the door, another page's script, which has none, may call it by any name.
        self.app = SameOrigin(self.access, any_host=door.is_exposed)
        if store_problem is None:
            self.load()

    def _routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/events", Only("OPTIONS", agree), methods=["OPTIONS"]),
            Route("/v1/events", Only("POST", self._take_events)),
            Route("/v1/sources/{name}", Only("OPTIONS", self._shake_hands), methods=["OPTIONS"]),
            Route("/v1/sources/{name}", Only("POST", self._take_source)),
            *(Route(f"/v1/{signal}", Only("POST", partial(self._take_otlp, signal))) for signal in Signal),
            *health_routes(self._store, self._registry, self._commits, self._spooling, self._store_problem),
            *operation_routes(
                self._store,
                self._clock,
                self.replay,
                ObjectDoor(self._store, self._clock, self._contracts),
                self.tokens,
            ),
        ]

    def _replay(self) -> Replay:
        """Replays through the running group commits."""
        channels = replay_channels(
            self._store,
            lambda some: submit_all(self._commits.events, some, _events_in),
            lambda some: submit_all(self._commits.spans, some, _bytes_in),
            lambda some: submit_all(self._commits.logs, some, _bytes_in),
            self._contracts,
            [source.definition for source in self._sources.values()],
        )
        return Replay(self._store, self._clock, channels, self.metrics)

    def _proves_itself(self, path: str) -> bool:
        """Whether what comes to a path is believed by a proof of its own instead of a token."""
        source = self._sources.get(path.removeprefix("/v1/sources/"))
        return source is not None and source.asks_for_proof

    @property
    def writer(self) -> EventWriter:
        """The one that stores the events, and knows up to which instant they can be read.

        StoreUnreachable before the load.
        """
        return self._commits.writer

    def load(self) -> None:
        """Reads what it has to know from the store, which is prepared by now, and lets what comes go there."""
        self.tokens.refresh()
        self._commits.load()
        self._spooling.open()

    def start(self) -> None:
        """Starts the commit threads."""
        self._spooling.start()
        self._commits.start()
        self.tokens.start()

    def stop(self) -> None:
        """Commits what is waiting and ends the threads; call after the server stopped."""
        self.tokens.stop()
        self._commits.stop()
        self._spooling.stop()

    async def _take_events(self, scope: Scope, receive: Receive, send: Send) -> None:
        content_type = header(scope, b"content-type")
        taken = await self._take(
            "events",
            scope,
            receive,
            send,
            lambda content: self._read_events(content_type, scope["headers"], content, scope.get(CALLER)),
        )
        if taken is None:
            return
        outcome = taken.outcome
        if taken.received.is_batch:
            await send_json(send, 429 if taken.retry_after else 200, counts(outcome), retry_after=taken.retry_after)
        elif outcome.rejected:
            [rejection] = outcome.rejected
            status = {SOURCE_NOT_ALLOWED: 403, THROTTLED: 429}.get(rejection.code, 400)
            content = {"code": rejection.code, "reason": rejection.reason}
            await send_json(send, status, content, retry_after=taken.retry_after)
        else:
            await send_json(send, 202, {"accepted": outcome.accepted, "duplicates": outcome.duplicates})

    async def _take_source(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = self._sources.get(scope["path_params"]["name"])
        if source is None:
            self.metrics.refuse("sources", "unknown_source")
            answer = unknown_source(scope["path_params"]["name"])
            await send_body(send, answer.status, answer.content_type, answer.body)
            return
        taken = await self._take(
            source.channel,
            scope,
            receive,
            send,
            lambda content: self._governed(source.read(scope, content, self._clock.now()), scope.get(CALLER)),
            cost=COST_OF_EXPRESSIONS,
            admit=lambda body: source.refusal(scope, body, self._clock.now()),
            kept_headers=source.kept_headers,
        )
        if taken is None:
            return
        if taken.retry_after:
            await send_json(send, 429, counts(taken.outcome), retry_after=taken.retry_after)
            return
        content, received, outcome = taken.content, taken.received, taken.outcome
        answer = await beside(
            len(content) * COST_OF_EXPRESSIONS, lambda: source.answer(scope, content, received, outcome)
        )
        await send_body(send, answer.status, answer.content_type, answer.body)

    async def _shake_hands(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a sender that asks whether it may send here: https://github.com/cloudevents/spec, HTTP webhook."""
        source = self._sources.get(scope["path_params"]["name"])
        answer = unknown_source(scope["path_params"]["name"])
        if source is not None:
            own = self._contracts.rates.get(self._contracts.short_name(source.definition.source))
            answer = source.handshake(scope, [rate for rate in (own, self._default_rate) if rate])
        wait = RETRY_AFTER_SECONDS if answer.retry else 0
        await send_body(send, answer.status, answer.content_type, answer.body, retry_after=wait, extra=answer.headers)

    async def _take(
        self,
        channel: str,
        scope: Scope,
        receive: Receive,
        send: Send,
        read: Callable[[bytes], Received],
        *,
        cost: int = 1,
        admit: Callable[[bytes], Refusal | None] | None = None,
        kept_headers: Collection[str] = (),
    ) -> Taken | None:
        """What a request held and what became of it; None where its sender has its answer.

        `admit` sees the body as it was sent: what it turns away is neither read nor kept.
        """
        body = b""
        try:
            try:
                body = await read_body(scope, receive)
                refusal = await beside(len(body), lambda: admit(body)) if admit else None
                if refusal is not None:
                    await self._turn_away(channel, refusal, send)
                    return None
                content = await _content(scope, body)
                received = await beside(len(content) * cost, lambda: read(content))
            except Refused as error:
                await self._turn_away(channel, error.refusal, send)
                return None
            except InputError as error:
                _charge(scope, 1)
                kept, headers = await beside(
                    len(body) * USUAL_COMPRESSION, lambda: self._contracts.masked_request(body, scope["headers"])
                )
                await self.keep_refused(channel, error, header(scope, b"content-type"), headers, kept, kept_headers)
                await send_json(send, _status_of(error), {"code": error.code, "reason": str(error)})
                return None
            _charge(scope, received.count)
            return await self._settle(channel, scope, content, received, kept_headers)
        except Disconnected:
            return None
        except (Overloaded, StoreError) as error:
            reason = {"code": "unavailable", "reason": self.busy(channel, error)}
            await send_json(send, 503, reason, retry_after=RETRY_AFTER_SECONDS)
            return None

    async def _settle(
        self, channel: str, scope: Scope, content: bytes, received: Received, kept_headers: Collection[str]
    ) -> Taken:
        """What became of a request's events once they are stored, as far as their sources may send them now."""
        held = self._rates.hold_back(received, channel)
        if held and not received.candidates:
            # It comes again as a whole: what is wrong with the rest of it can be kept then.
            for _ in received.rejections:
                self.metrics.refuse(channel, THROTTLED)
            outcome = EventOutcome(rejected=[*received.rejections, *held.rejections])
            return Taken(content, received, outcome, held.retry_after)
        headers = self._contracts.masked_headers(scope["headers"])
        submission = EventSubmission(received, header(scope, b"content-type"), headers, channel, kept_headers)
        outcome = await self._commits.events.submit(submission, _events_in(submission))
        if held is None:
            return Taken(content, received, outcome)
        outcome.rejected.extend(held.rejections)
        return Taken(content, received, outcome, held.retry_after)

    async def _turn_away(self, channel: str, refusal: Refusal, send: Send) -> None:
        self.metrics.refuse(channel, refusal.code)
        if refusal.fault is not None:
            self.metrics.rejected_signatures.labels(channel.removeprefix("sources/"), refusal.fault.value).inc()
        answer = refusal.answer
        wait = RETRY_AFTER_SECONDS if answer.retry else 0
        await send_body(send, answer.status, answer.content_type, answer.body, retry_after=wait, extra=answer.headers)

    async def _take_otlp(self, signal: Signal, scope: Scope, receive: Receive, send: Send) -> None:
        content_type = header(scope, b"content-type")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type not in (otlp.PROTOBUF, otlp.JSON):
            self.metrics.refuse(signal, "unsupported_media_type")
            reason = f"content type {media_type!r}; send {otlp.PROTOBUF} or {otlp.JSON}"
            await send_json(send, 415, {"code": "unsupported_media_type", "reason": reason})
            return
        body = b""
        try:
            try:
                body = await read_body(scope, receive)
                content = await _content(scope, body)
                answer = await self.otlp.take(signal, media_type, content, scope.get(CALLER))
            except InputError as error:
                await self.keep_refused(signal, error, content_type, scope["headers"], body)
                code = otlp.RESOURCE_EXHAUSTED if isinstance(error, BodyTooLarge) else otlp.INVALID_ARGUMENT
                await send_body(send, _status_of(error), media_type, otlp.failure(media_type, code, str(error)))
                return
        except Disconnected:
            return
        except SignalNotTaken as error:
            # 404 as from a collector that has no such receiver: no SDK tries again after it, some do after a 501.
            await send_body(send, 404, media_type, otlp.failure(media_type, UNIMPLEMENTED, str(error)))
            return
        except Throttled as error:
            status = otlp.failure(media_type, otlp.RESOURCE_EXHAUSTED, str(error))
            await send_body(send, 429, media_type, status, retry_after=error.retry_after)
            return
        except (Overloaded, StoreError) as error:
            status = otlp.failure(media_type, otlp.UNAVAILABLE, self.busy(signal, error))
            await send_body(send, 503, media_type, status, retry_after=RETRY_AFTER_SECONDS)
            return
        await send_body(send, 200, media_type, answer)

    def _read_events(
        self, content_type: str, headers: RawHeaders, content: bytes, caller: Caller | None = None
    ) -> Received:
        return self._governed(cloudevents.read_request(content_type, headers, content, self._clock.now()), caller)

    def _governed(self, received: Received, caller: Caller | None) -> Received:
        """What a request brought, after its caller's token and the contracts were applied to it."""
        keep_to_sources(received, caller, self._contracts.short_name)
        self._contracts.apply(received, self.metrics)
        return received

    async def keep_refused(
        self,
        channel: str,
        error: InputError,
        content_type: str,
        headers: RawHeaders,
        body: bytes,
        kept_headers: Collection[str] = (),
    ) -> None:
        """Keeps a request that was read whole but cannot be taken, before its sender is told."""
        if isinstance(error, BodyTooLarge):
            self.metrics.refuse(channel, error.code)
        else:
            letter = dead_letter(error, self._clock.now(), channel, content_type, body, headers, kept_headers)
            await self._commits.letters.submit(letter, len(body))
            self.metrics.keep(channel, error.code)

    def busy(self, channel: str, error: Exception) -> str:
        """Counts a request that could not be stored just now, and gives the reason to tell."""
        code = "overloaded" if isinstance(error, Overloaded) else "store_unavailable"
        self.metrics.refuse(channel, code)
        return str(error) or "too much is waiting to be stored; come back later"


async def _content(scope: Scope, body: bytes) -> bytes:
    encoding = header(scope, b"content-encoding")
    return await beside(len(body) * USUAL_COMPRESSION, lambda: decompress(body, encoding)) if encoding else body


def _charge(scope: Scope, count: int) -> None:
    if caller := scope.get(CALLER):
        caller.charge(count)


def _events_in(submission: EventSubmission) -> int:
    return max(submission.received.count, 1)


def _bytes_in(request: TraceRequest | LogRequest) -> int:
    return len(request.body)


def _status_of(error: InputError) -> int:
    if isinstance(error, BodyTooLarge):
        return 413
    if isinstance(error, UnsupportedEncoding) or error.code == "unsupported_media_type":
        return 415
    return 400
