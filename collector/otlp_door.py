"""Takes OTLP requests, whichever protocol carried them: what it raises, each protocol tells in its own words."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial

from collector.access import Caller
from collector.body import beside
from collector.commits import Commits
from collector.dead_lettering import RawHeaders
from collector.metrics import CollectorMetrics
from collector.receivers import otlp, otlp_logs
from collector.receivers.cloudevents import BATCH, Received
from collector.source_rates import THROTTLED, SourceRates, Throttled
from collector.span_mapping import SpanMapper
from collector.writer import EventSubmission
from domain.clock import Clock

UNIMPLEMENTED = 12
# A request of events by content type, headers, body and caller, as the event endpoint reads it.
ReadEvents = Callable[[str, RawHeaders, bytes, Caller | None], Received]
# How many events of one request are checked and committed at once: enough to be quick, few enough for a group.
_MOST_EVENTS_AT_ONCE = 10_000


class Signal(StrEnum):
    """What OTLP carries; the last part of its HTTP path, and the channel of dead letters and counts."""

    TRACES = "traces"
    LOGS = "logs"
    METRICS = "metrics"


class SignalNotTaken(Exception):
    """What was sent is of a kind that Milepost has no use for; sending it again changes nothing."""

    def __init__(self) -> None:
        super().__init__("Milepost takes traces and logs, no metrics; set OTEL_METRICS_EXPORTER=none for this sender")


class OtlpDoor:
    """Checks requests and commits them; an answer is given when what was sent is stored, or in the spool."""

    def __init__(
        self,
        clock: Clock,
        metrics: CollectorMetrics,
        commits: Commits,
        mapper: SpanMapper,
        read_events: ReadEvents,
        rates: SourceRates,
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._commits = commits
        self._mapper = mapper
        self._read_events = read_events
        self._rates = rates

    async def take(self, signal: Signal, media_type: str, content: bytes, caller: Caller | None = None) -> bytes:
        """The answer to a request, in its encoding; what it held is charged to its caller.

        InputError where it cannot be taken, SignalNotTaken where nothing of its kind is, Throttled where the source of
        a milestone is over its rate, Overloaded and StoreError where it cannot be stored just now.
        """
        match signal:
            case Signal.TRACES:
                return await self._take_traces(media_type, content, caller)
            case Signal.LOGS:
                return await self._take_logs(media_type, content, caller)
            case Signal.METRICS:
                self._metrics.refuse(signal, "signal_not_taken")
                raise SignalNotTaken

    async def _take_traces(self, media_type: str, content: bytes, caller: Caller | None) -> bytes:
        request = await beside(len(content), lambda: otlp.read_traces(media_type, content))
        if caller:
            caller.charge(request.spans + request.rejected_spans)
        if request.spans:
            # Events first: they are told apart whatever happens, a span only while its request is remembered.
            if self._mapper.may_map(request.body):
                await self._take_milestones(request.body, caller)
            await self._commits.spans.submit(request, len(request.body))
        self._metrics.count_rejected_spans(request.rejected_spans)
        return otlp.success(media_type, request.rejected_spans, request.error_message)

    async def _take_milestones(self, body: bytes, caller: Caller | None) -> None:
        events = await beside(len(body), lambda: self._mapper.events(body))
        for start in range(0, len(events), _MOST_EVENTS_AT_ONCE):
            batch = b"[" + b",".join(events[start : start + _MOST_EVENTS_AT_ONCE]) + b"]"
            received = await beside(len(batch), partial(self._read_events, BATCH, (), batch, caller))
            held = self._rates.hold_back(received, "events")
            if received.count:
                await self._commits.events.submit(EventSubmission(received, BATCH), received.count)
            if held:
                self._metrics.refuse(Signal.TRACES, THROTTLED)
                raise Throttled(held.retry_after)

    async def _take_logs(self, media_type: str, content: bytes, caller: Caller | None) -> bytes:
        now = self._clock.now()
        request = await beside(len(content), lambda: otlp_logs.read_logs(media_type, content, now))
        if caller:
            caller.charge(request.records)
        if request.errors:
            await self._commits.logs.submit(request, len(request.body))
        self._metrics.count_passed_records(request.records - request.errors)
        return otlp_logs.logs_success(media_type)
