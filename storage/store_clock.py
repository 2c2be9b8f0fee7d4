"""The store's clock, for processes that write to one store and whose own clocks differ or are set."""

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.clock import steady_seconds
from storage.client import INSERT_SECONDS, Store

# Clocks of computers drift apart by some 100 µs a second at most.
_ASKED_EVERY_SECONDS = 30.0
# The first may have to open a connection.
QUESTIONS = 3


def store_now(store: Store) -> datetime:
    """What the store's clock says."""
    now: datetime = store.rows("store_now", seconds=INSERT_SECONDS)[0]["now"]
    return now


class StoreClock:
    """Tells what the store's clock says without asking it each time."""

    def __init__(self, store: Store, steady: Callable[[], float] = steady_seconds) -> None:
        self._store = store
        self._steady = steady
        self.adjust()

    def now(self) -> datetime:
        """As it was told last, and as much later as has passed since."""
        told, told_at = self._told
        return told + timedelta(seconds=self._steady() - told_at)

    def keep_right(self) -> None:
        """Asks the store again where it was long ago; StoreError where it does not answer."""
        if self._steady() - self._told[1] > _ASKED_EVERY_SECONDS:
            self.adjust()

    def adjust(self) -> None:
        """Asks the store; an answer counts as of the middle of the time it took, and the quickest of some counts."""
        # In one assignment: other threads read it meanwhile.
        self._told = min((self._ask() for _ in range(QUESTIONS)), key=lambda one: one[1])[0]

    def _ask(self) -> tuple[tuple[datetime, float], float]:
        """What the store says, as of when, and how long its answer took."""
        began = self._steady()
        told = store_now(self._store)
        ended = self._steady()
        return (told, (began + ended) / 2), ended - began
