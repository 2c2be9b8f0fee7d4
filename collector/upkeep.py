"""What a collector does now and then though nothing comes: learns what others store, completes what is half done."""

import logging
import threading
from collections.abc import Callable

from domain.errors import StoreError

log = logging.getLogger("milepost.collector")
EVERY_SECONDS = 2.0
_LONGEST_STOP_SECONDS = 15


class Upkeep:
    """A thread for a collector beside others on a server store."""

    def __init__(self, keep_up: Callable[[], None]) -> None:
        self._keep_up = keep_up
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="collector upkeep", daemon=True)

    def start(self) -> None:
        """Does it from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; what a server that hangs holds up is waited for no longer than what is being stored."""
        self._ended.set()
        self._thread.join(timeout=_LONGEST_STOP_SECONDS)

    def _work(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            try:
                self._keep_up()
            except StoreError:
                # The spool tells of it, and the next commit asks again.
                continue
            except Exception:
                log.exception("upkeep failed, tried again in %g s", EVERY_SECONDS)
