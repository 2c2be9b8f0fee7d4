"""The collector's door inside this process: for files, when no running collector has the store."""

from prometheus_client import CollectorRegistry

from collector.contract_door import ContractDoor, keep_flags
from collector.dead_lettering import dead_letter
from collector.metrics import CollectorMetrics
from collector.receivers import cloudevents
from collector.receivers.files import Taken
from collector.writer import EventSubmission, EventWriter
from domain.clock import Clock
from domain.errors import InputError
from storage.client import Store
from storage.dead_letters import insert_dead_letters


class LocalDoor:
    """Takes request bodies as POST /v1/events does, with the same checks and the same dead letters."""

    def __init__(self, store: Store, clock: Clock, contracts: ContractDoor) -> None:
        self._store = store
        self._clock = clock
        self._contracts = contracts
        self._metrics = CollectorMetrics(CollectorRegistry())
        self._writer = EventWriter(store, clock, self._metrics)

    def __call__(self, content_type: str, body: bytes) -> Taken:
        """What became of the events in the body; StoreError when the store fails."""
        try:
            received = cloudevents.read_request(content_type, [], body, self._clock.now())
            self._contracts.apply(received, self._metrics)
        except InputError as error:
            kept, _ = self._contracts.masked_request(body, [])
            letter = dead_letter(error, self._clock.now(), "events", content_type, kept)
            insert_dead_letters(self._store, [letter])
            return Taken(rejected=[(0, str(error))])
        [outcome] = self._writer.commit([EventSubmission(received, content_type)])
        if isinstance(outcome, Exception):
            raise outcome
        keep_flags(self._store, [received], [outcome], self._clock.now())
        rejected = [(rejection.index, rejection.reason) for rejection in outcome.rejected]
        return Taken(outcome.accepted, outcome.duplicates, sorted(rejected))
