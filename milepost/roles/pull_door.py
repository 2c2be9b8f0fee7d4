"""The door that pulls of an engine put events in: in its own process, opened when the first row comes."""

import threading

from collector.contract_definitions import load_contracts
from collector.files.door import Taken, TakenSpans
from collector.local_door import LocalDoor
from collector.span_mapping_config import load_correlation
from domain.clock import Clock
from milepost.contract_checks import open_contract_door
from milepost.settings import Settings
from storage.client import Store
from storage.object_statements import Statements


class PullDoor:
    """A collector's door. To open it reads the known identities: seconds at ten million events."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._door: LocalDoor | None = None

    def events(self, content_type: str, body: bytes) -> Taken:
        """What became of the events in the body; StoreError when the store fails."""
        return self._opened().events(content_type, body)

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        """What became of the spans in the body; StoreError when the store fails."""
        return self._opened().traces(content_type, body)

    def objects(self, said: Statements) -> None:
        """Stores what is said of objects; StoreError when the store fails."""
        self._opened().objects(said)

    def _opened(self) -> LocalDoor:
        with self._lock:
            if self._door is None:
                settings, store = self._settings, self._store
                contracts = open_contract_door(settings, load_contracts(settings.contracts_path).contracts, store)
                correlation = load_correlation(settings.correlation_path)
                self._door = LocalDoor(store, self._clock, contracts, correlation)
            return self._door
