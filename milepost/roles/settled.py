"""By when all that collectors received can be read from a server store, whoever else writes to it."""

import threading
from collections.abc import Callable
from datetime import datetime

from storage.client import Store
from storage.engine_state import RULES_ENGINE, read_watermark
from storage.events import SETTLED_AFTER
from storage.repair import repair
from storage.store_clock import store_now


class SettledStore:
    """One engine's view of what has come.

    Collectors stamp events by the store's clock, and the store refuses what comes later than it may: so what was
    received before has been stored or refused by now. What an insert left half done is completed before it counts.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._complete_through: datetime | None = None

    def through(self) -> datetime:
        """The latest instant for which every event received at or before it can be read."""
        with self._lock:
            through = store_now(self._store) - SETTLED_AFTER
            since = self._complete_through
            if since is None:
                # What is evaluated was complete; what was received before there was an engine a start completes.
                mark = read_watermark(self._store, RULES_ENGINE)
                since = mark.evaluated_through if mark else through
            if since < through:
                repair(self._store, since, through)
            self._complete_through = max(since, through)
            return through


def settled_beside(own: Callable[[], datetime], settled: SettledStore) -> Callable[[], datetime]:
    """The same for a process that has a writer of its own as well, which tells by `own`."""
    return lambda: min(own(), settled.through())
