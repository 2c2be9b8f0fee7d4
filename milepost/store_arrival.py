"""Goes on once the store is there: at once, or, where a server is away at the start, as soon as it answers.

Until then the collector acknowledges from its spool. Whatever else a store may answer at the start, such as that the
password is wrong or the schema is a newer program's, is an error of the start. Later it is told instead: who
acknowledges from a spool must not end over something that somebody may put right on the server.
"""

import logging
import threading
from collections.abc import Callable

from domain.clock import Clock
from domain.errors import StoreError, StoreUnreachable
from storage.client import Store
from storage.preparation import prepare

log = logging.getLogger("milepost")
RETRY_SECONDS = 1.0
_LONGEST_STOP_SECONDS = 15
Step = Callable[[], None]


class StoreArrival:
    """Steps that need the store, each done once and in order, the first of them its preparation."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._steps: list[Step] = [lambda: prepare(store, clock.now())]
        self._problem: StoreError | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="await store", daemon=True)

    @property
    def problem(self) -> StoreError | None:
        """Why a step cannot be done yet; None when all are."""
        return self._problem

    def require(self) -> None:
        """Returns when every step is done; raises what keeps the next one from it."""
        if problem := self._problem:
            # A new one each time: an exception keeps the traces of all its raisings.
            raise type(problem)(str(problem))

    def attempt(self, *steps: Step) -> None:
        """Does what it can of the steps left and these; StoreError for anything but a server that is away."""
        self._steps += steps
        try:
            self._go_on()
        except StoreUnreachable as error:
            if self._store.is_embedded:
                raise
            self._tell(error)

    def start(self) -> None:
        """Keeps trying what is left, if anything is."""
        if self._problem:
            self._thread.start()

    def stop(self) -> None:
        """Ends the trying."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_LONGEST_STOP_SECONDS)

    def _wait(self) -> None:
        while not self._ended.wait(RETRY_SECONDS):
            try:
                self._go_on()
            except StoreError as error:
                self._tell(error)
            except Exception:
                # Whatever it is, what was acknowledged waits for this thread.
                log.exception("the store is there but cannot be used, tried again in %g s", RETRY_SECONDS)
            else:
                log.info("the store at %s is there", self._store.where)
                return

    def _go_on(self) -> None:
        while self._steps and not self._ended.is_set():
            self._steps[0]()
            del self._steps[0]
        self._problem = None

    def _tell(self, error: StoreError) -> None:
        if str(error) != str(self._problem):
            level = logging.WARNING if isinstance(error, StoreUnreachable) else logging.ERROR
            log.log(level, "%s; until it does, what comes is acknowledged from the spool", error)
        self._problem = error
