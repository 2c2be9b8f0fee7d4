"""The collector's door inside this process: for files and replays, when no running collector has the store."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from prometheus_client import CollectorRegistry

from collector.contract_door import ContractDoor, keep_flags
from collector.dead_lettering import dead_letter
from collector.files.door import Taken, TakenSpans
from collector.log_writer import LogWriter
from collector.metrics import CollectorMetrics
from collector.object_door import ObjectDoor
from collector.receivers import cloudevents, otlp
from collector.receivers.cloudevents import BATCH, Received
from collector.replay import Replay
from collector.replay_channels import replay_channels
from collector.source_definitions import SourceDefinition
from collector.span_mapping import SpanMapper
from collector.span_mapping_config import CorrelationConfig
from collector.span_runs import SpanRuns
from collector.span_writer import SpanWriter
from collector.writer import EventOutcome, EventSubmission, EventWriter
from domain.clock import Clock
from domain.contract import Contracts
from domain.errors import InputError
from storage.client import Store
from storage.dead_letters import insert_dead_letters
from storage.object_statements import Statements

_EVENTS_AT_ONCE = 10_000


class LocalDoor:
    """Takes request bodies as the HTTP endpoints do, with the same checks and the same dead letters."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        contracts: ContractDoor,
        correlation: CorrelationConfig = CorrelationConfig(),
    ) -> None:
        self._store = store
        self._clock = clock
        self._contracts = contracts
        self._metrics = CollectorMetrics(CollectorRegistry())
        self._mapper = SpanMapper(correlation, self._metrics)
        self._events = EventWriter(store, clock, self._metrics)
        self._spans = SpanWriter(store, self._metrics, SpanRuns(correlation.correlation_id))
        self._objects = ObjectDoor(store, clock, contracts)

    def events(self, content_type: str, body: bytes) -> Taken:
        """What became of the events in the body; StoreError when the store fails."""
        try:
            received = self._read(content_type, body)
        except InputError as error:
            self._keep("events", error, content_type, body)
            return Taken(rejected=[(0, str(error))])
        outcome = self._commit(content_type, received)
        rejected = [(rejection.index, rejection.reason) for rejection in outcome.rejected]
        return Taken(outcome.accepted, outcome.duplicates, sorted(rejected))

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        """What became of the spans in the body; StoreError when the store fails."""
        try:
            request = otlp.read_traces(content_type, body)
            if request.spans:
                # Events first: sent again they change nothing, while a span that is sent again is stored again.
                for batch in self._milestones(request.body):
                    self._commit(BATCH, self._read(BATCH, batch))
                [outcome] = self._spans.commit([request])
                if isinstance(outcome, Exception):
                    raise outcome
        except InputError as error:
            self._keep("traces", error, content_type, body)
            return TakenSpans(0, 1, str(error))
        return TakenSpans(request.spans, request.rejected_spans, request.error_message)

    def objects(self, said: Statements) -> None:
        """Stores what is said of objects; StoreError when the store fails."""
        self._objects.take(said)

    def _milestones(self, body: bytes) -> Iterator[bytes]:
        events = self._mapper.events(body) if self._mapper.may_map(body) else []
        for start in range(0, len(events), _EVENTS_AT_ONCE):
            yield b"[" + b",".join(events[start : start + _EVENTS_AT_ONCE]) + b"]"

    def _read(self, content_type: str, body: bytes) -> Received:
        received = cloudevents.read_request(content_type, [], body, self._clock.now())
        self._contracts.apply(received, self._metrics)
        return received

    def _commit(self, content_type: str, received: Received) -> EventOutcome:
        [outcome] = self._events.commit([EventSubmission(received, content_type)])
        if isinstance(outcome, Exception):
            raise outcome
        keep_flags(self._store, [received], [outcome], self._clock.now())
        return outcome

    def _keep(self, channel: str, error: InputError, content_type: str, body: bytes) -> None:
        kept = self._contracts.masked_request(body, [])[0] if channel == "events" else body
        insert_dead_letters(self._store, [dead_letter(error, self._clock.now(), channel, content_type, kept)])


def local_replay(
    store: Store,
    clock: Clock,
    contracts: ContractDoor | None = None,
    sources: Iterable[SourceDefinition] = (),
    correlation: CorrelationConfig = CorrelationConfig(),
) -> Replay:
    """Replays through writers of this process; that of events is made when the first is replayed."""
    metrics = CollectorMetrics(CollectorRegistry())
    logs = LogWriter(store, metrics)
    spans = SpanWriter(store, metrics, SpanRuns(correlation.correlation_id))

    @cache
    def writer() -> EventWriter:
        return EventWriter(store, clock, metrics)

    def commit(group: Sequence[EventSubmission]) -> list[EventOutcome | Exception]:
        outcomes = writer().commit(group)
        keep_flags(store, [submission.received for submission in group], outcomes, clock.now())
        return outcomes

    governed = contracts or ContractDoor(Contracts())
    channels = replay_channels(store, commit, spans.commit, logs.commit, governed, sources)
    return Replay(store, clock, channels, metrics)
