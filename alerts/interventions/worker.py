"""Executes runs in a thread of its own, so that whoever requests one does not wait for the middleware."""

import logging
import queue
import threading

from alerts.interventions.calling import Caller
from domain.errors import StoreError

logger = logging.getLogger(__name__)
# As long as a call may take by default, and a little for writing its outcome down.
_STOP_SECONDS = 15.0


class InterventionWorker:
    """One run after the other; what is not done at the stop stays as it is until somebody resumes it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._stop = threading.Event()
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._known: list[str] = []
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins with what is submitted; may be called again after a stop."""
        # A new one: a thread that was not waited for any longer still looks at that of its own time.
        self._stop = threading.Event()
        told = (self._stop, self._waiting, self._known)
        self._thread = threading.Thread(target=self._work, args=told, name="interventions", daemon=True)
        self._thread.start()

    def submit(self, run_id: str) -> None:
        """Takes a run; one that it has already is not taken twice."""
        with self._lock:
            if run_id in self._known:
                return
            self._known.append(run_id)
        self._waiting.put(run_id)

    def has(self, run_id: str) -> bool:
        """Whether a run is being executed, or will be."""
        with self._lock:
            return run_id in self._known

    def stop(self) -> None:
        """Ends after the call that is being made."""
        self._stop.set()
        self._waiting.put("")
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        with self._lock:
            self._waiting, self._known = queue.SimpleQueue(), []

    def _work(self, stop: threading.Event, waiting: "queue.SimpleQueue[str]", known: list[str]) -> None:
        while not stop.is_set():
            run_id = waiting.get()
            if not run_id:
                continue
            try:
                self._caller.execute(run_id, stop.wait)
            except StoreError as error:
                logger.error("the run %s stopped, and can be resumed: %s", run_id, error)
            except Exception:
                # All later runs wait for this thread, and a fault in one is no reason to leave them waiting.
                logger.exception("the run %s met something unforeseen; it can be resumed", run_id)
            finally:
                with self._lock:
                    if run_id in known:
                        known.remove(run_id)
