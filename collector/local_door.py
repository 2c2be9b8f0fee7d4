"""The collector's door inside this process: for files, when no running collector has the store."""

from prometheus_client import CollectorRegistry

from collector.dead_lettering import dead_letter
from collector.files.door import Taken, TakenSpans
from collector.metrics import CollectorMetrics
from collector.receivers import cloudevents, otlp
from collector.span_writer import SpanWriter
from collector.writer import EventSubmission, EventWriter
from domain.clock import Clock
from domain.errors import InputError
from storage.client import Store
from storage.dead_letters import insert_dead_letters


class LocalDoor:
    """Takes request bodies as the HTTP endpoints do, with the same checks and the same dead letters."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        metrics = CollectorMetrics(CollectorRegistry())
        self._events = EventWriter(store, clock, metrics)
        self._spans = SpanWriter(store, metrics)

    def events(self, content_type: str, body: bytes) -> Taken:
        """What became of the events in the body; StoreError when the store fails."""
        try:
            received = cloudevents.read_request(content_type, [], body, self._clock.now())
        except InputError as error:
            self._keep("events", error, content_type, body)
            return Taken(rejected=[(0, str(error))])
        [outcome] = self._events.commit([EventSubmission(received, content_type)])
        if isinstance(outcome, Exception):
            raise outcome
        rejected = [(rejection.index, rejection.reason) for rejection in outcome.rejected]
        return Taken(outcome.accepted, outcome.duplicates, sorted(rejected))

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        """What became of the spans in the body; StoreError when the store fails."""
        try:
            request = otlp.read_traces(content_type, body)
            [outcome] = self._spans.commit([request]) if request.spans else [True]
            if isinstance(outcome, Exception):
                raise outcome
        except InputError as error:
            self._keep("traces", error, content_type, body)
            return TakenSpans(0, 1, str(error))
        return TakenSpans(request.spans, request.rejected_spans, request.error_message)

    def _keep(self, channel: str, error: InputError, content_type: str, body: bytes) -> None:
        insert_dead_letters(self._store, [dead_letter(error, self._clock.now(), channel, content_type, body)])
