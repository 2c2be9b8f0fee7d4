"""Pulls that are stopped and begun again, though one of them hangs in another system meanwhile."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from collector.files.door import Door
from collector.files.ingestion import IngestSummary, Interrupted
from collector.pull_definitions import load_pulls
from collector.pull_runs import PullMetrics, PullRuns
from collector.pull_tables import PullPlaces
from collector.pulling import Pull
from domain.clock import FixedClock
from storage.client import Store
from tests.builders import NOW
from tests.waiting import eventually

DEFINITION = """\
title: Invoices
url: {url: 'https://files.example.com/1.csv', format: CSVWithNames}
watermark: {instant: updated_at}
map: {id: id, type: what, time: updated_at}
"""
DOOR = cast(Door, None)


class HangingPull(Pull):
    """Waits in its first run for another system, as the test lets it go on."""

    hangs = threading.Event()
    goes_on = threading.Event()
    ends: list[str] = []  # noqa: RUF012 - shared, since each run has a pull of its own

    def run(self, door: Door, summary: IngestSummary) -> None:
        is_first = not self.hangs.is_set()
        self.hangs.set()
        if is_first:
            self.goes_on.wait(60)
        self.ends.append("interrupted" if self.is_stopped() else "done")
        if self.is_stopped():
            raise Interrupted


def test_a_run_that_hung_over_a_stop_ends_and_only_the_new_ones_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.pull_runs._LONGEST_STOP_SECONDS", 0)
    (tmp_path / "invoices.yaml").write_text(DEFINITION, encoding="utf-8")
    [definition] = load_pulls(tmp_path).values()
    clock = FixedClock(NOW)
    pull = HangingPull(definition, cast(Store, None), PullPlaces(cast(Any, {}), tmp_path), clock)
    runs = PullRuns([pull], PullMetrics(CollectorRegistry()), clock)

    runs.start(DOOR)
    try:
        eventually(HangingPull.hangs.is_set, "the first run")
        [old] = [thread for thread in threading.enumerate() if thread.name == "pull-invoices"]
        runs.stop()
        runs.start(DOOR)
        HangingPull.goes_on.set()
        eventually(lambda: len(HangingPull.ends) == 2, "the run after it")
        old.join(60)
        is_over = not old.is_alive()
    finally:
        HangingPull.goes_on.set()
        runs.stop()

    assert is_over
    assert HangingPull.ends == ["interrupted", "done"]
