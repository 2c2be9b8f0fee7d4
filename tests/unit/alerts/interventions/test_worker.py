"""The thread that executes runs, stopped and begun again though a call hangs meanwhile."""

import threading
from typing import cast

import pytest

from alerts.interventions.calling import Caller, Pause
from alerts.interventions.worker import InterventionWorker
from tests.waiting import eventually


class HangingCaller:
    """Makes its first run wait, as the test lets it go on; notes whether each was told to stop."""

    def __init__(self) -> None:
        self.hangs, self.goes_on = threading.Event(), threading.Event()
        self.runs: list[tuple[str, bool]] = []

    def execute(self, run_id: str, pause: Pause) -> None:
        if not self.hangs.is_set():
            self.hangs.set()
            self.goes_on.wait(60)
        self.runs.append((run_id, pause(0)))


def test_a_call_that_hung_over_a_stop_ends_its_thread_and_only_the_new_one_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alerts.interventions.worker._STOP_SECONDS", 0)
    caller = HangingCaller()
    worker = InterventionWorker(cast(Caller, caller))
    worker.submit("one")
    worker.start()
    try:
        eventually(caller.hangs.is_set, "the first call")
        [old] = [thread for thread in threading.enumerate() if thread.name == "interventions"]
        worker.stop()
        had = worker.has("one")
        worker.start()
        worker.submit("one")
        eventually(lambda: caller.runs == [("one", False)], "the new thread goes on")
        caller.goes_on.set()
        old.join(60)
        is_over = not old.is_alive()
        worker.submit("two")
        eventually(lambda: len(caller.runs) == 3, "the next run")
        eventually(lambda: not worker.has("two"), "it is over")
    finally:
        caller.goes_on.set()
        worker.stop()

    assert (had, is_over) == (False, True)
    assert caller.runs == [("one", False), ("one", True), ("two", False)]
