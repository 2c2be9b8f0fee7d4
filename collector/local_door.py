"""The collector's door inside this process: for files and replays, when no running collector has the store."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from collector.dead_lettering import dead_letter
from collector.metrics import CollectorMetrics
from collector.receivers import cloudevents
from collector.receivers.files import Taken
from collector.replay import Replay
from collector.replay_channels import replay_channels
from collector.source_definitions import SourceDefinition
from collector.span_writer import SpanWriter
from collector.writer import EventSubmission, EventWriter
from domain.clock import Clock
from domain.errors import InputError
from storage.client import Store
from storage.dead_letters import insert_dead_letters


class LocalDoor:
    """Takes request bodies as POST /v1/events does, with the same checks and the same dead letters."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._writer = EventWriter(store, clock, CollectorMetrics(CollectorRegistry()))

    def __call__(self, content_type: str, body: bytes) -> Taken:
        """What became of the events in the body; StoreError when the store fails."""
        try:
            received = cloudevents.read_request(content_type, [], body, self._clock.now())
        except InputError as error:
            letter = dead_letter(error, self._clock.now(), "events", content_type, body)
            insert_dead_letters(self._store, [letter])
            return Taken(rejected=[(0, str(error))])
        [outcome] = self._writer.commit([EventSubmission(received, content_type)])
        if isinstance(outcome, Exception):
            raise outcome
        rejected = [(rejection.index, rejection.reason) for rejection in outcome.rejected]
        return Taken(outcome.accepted, outcome.duplicates, sorted(rejected))


def local_replay(store: Store, clock: Clock, sources: Iterable[SourceDefinition] = ()) -> Replay:
    """Replays through writers of this process."""
    metrics = CollectorMetrics(CollectorRegistry())
    events, spans = EventWriter(store, clock, metrics), SpanWriter(store, metrics)
    return Replay(store, clock, replay_channels(store, events.commit, spans.commit, sources), metrics)
