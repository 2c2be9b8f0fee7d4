"""Ticks a correlator beside the collector of a benchmark, in a thread of its process, as a running Milepost does."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from collector.correlation import Correlator
from domain.contract import Contracts
from storage.client import Store

# A fifth of a running Milepost's: a round takes only seconds, and most of it is to be correlated under load.
_TICK_SECONDS = 1.0


class Correlating:
    """A correlator that ticks until it is stopped."""

    def __init__(self, store: Store, contracts: Contracts, settled_through: Callable[[], datetime]) -> None:
        self._correlator = Correlator(store, contracts)
        self._settled_through = settled_through
        self._one_at_a_time = threading.Lock()
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._ticking = self._pool.submit(self._tick)

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK_SECONDS):
            with self._one_at_a_time:
                self._correlator.tick(self._settled_through())

    def catch_up(self) -> None:
        """Returns when all that was acknowledged before is correlated."""
        with self._one_at_a_time:
            self._correlator.catch_up(self._settled_through())

    def stop(self) -> None:
        """Ends the ticks; raises what one of them raised."""
        self._stopped.set()
        self._ticking.result()
        self._pool.shutdown()
