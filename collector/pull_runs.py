"""Runs pulls: each at its interval in a thread of its own, so that none waits for another, and when somebody asks."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from collector.files.door import Door
from collector.files.ingestion import IngestSummary, Interrupted
from collector.pulling import Pull
from domain.clock import Clock
from domain.errors import MilepostError, UsageError

log = logging.getLogger("milepost.pulls")
_LONGEST_STOP_SECONDS = 15


class PullMetrics:
    """What pulls count; their names are those of the definitions' files."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rows = Counter(
            "milepost_pull_rows_total", "Rows pulled, by what became of them.", ("pull", "outcome"), registry=registry
        )
        self.failures = Counter("milepost_pull_failures_total", "Pulls that failed.", ("pull",), registry=registry)
        self.last_success = Gauge(
            "milepost_pull_last_success_timestamp_seconds",
            "When a pull last took all there was.",
            ("pull",),
            registry=registry,
        )


@dataclass(frozen=True, slots=True)
class PullOutcome:
    """What became of the rows of one run, and why it did not take all of them; empty where it did."""

    summary: IngestSummary
    error: str = ""


class PullRuns:
    """The pulls there are. One of a name runs at a time."""

    def __init__(self, pulls: Iterable[Pull], metrics: PullMetrics, clock: Clock) -> None:
        self._stop = threading.Event()
        self._pulls = {pull.definition.name: pull for pull in pulls}
        self._turns = {name: threading.Lock() for name in self._pulls}
        self._metrics = metrics
        self._clock = clock
        self._threads: list[threading.Thread] = []

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return list(self._pulls)

    def source_of(self, name: str) -> str | None:
        """The source that the rows of a pull become events of; None where each row says its own."""
        definition = self._pulls[name].definition
        return None if definition.config.map.source else definition.source

    def chosen(self, names: Sequence[str]) -> list[str]:
        """These names, or all; UsageError for one there is not."""
        for name in names:
            if name not in self._pulls:
                known = f"there are {', '.join(self._pulls)}" if self._pulls else "none is defined"
                raise UsageError(f"there is no pull {name!r}; {known}, in files of MILEPOST_CONFIG/pulls")
        return list(names) or self.names

    def run(self, name: str, door: Door) -> PullOutcome:
        """What became of one run; a failure is told, logged and counted, and costs only this run."""
        return self._run(name, door, self._stop)

    def _run(self, name: str, door: Door, stop: threading.Event) -> PullOutcome:
        summary, error = IngestSummary(), ""
        with self._turns[name]:
            try:
                replace(self._pulls[name], is_stopped=stop.is_set).run(door, summary)
            except Interrupted:
                error = f'pull "{name}": interrupted; the next goes on from here'
            except MilepostError as failure:
                error = str(failure)
        for outcome in ("accepted", "duplicates", "rejected"):
            self._metrics.rows.labels(name, outcome).inc(getattr(summary, outcome))
        if error:
            self._metrics.failures.labels(name).inc()
            log.warning("pull %s failed, tried again at its next interval: %s", name, error)
        else:
            self._metrics.last_success.labels(name).set(self._clock.now().timestamp())
        for problem in summary.problems:
            log.warning("refused, and kept as a dead letter: %s", problem)
        return PullOutcome(summary, error)

    def start(self, door: Door) -> None:
        """Begins to pull, each at once and then at its interval; may be called again after a stop."""
        # A new one: a thread that was not waited for any longer still looks at that of its own time.
        self._stop = threading.Event()
        for name in self._pulls:
            # A query that hangs in another system must not keep this process from ending.
            told = (name, door, self._stop)
            thread = threading.Thread(target=self._follow, args=told, name=f"pull-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ends between two batches; what was acknowledged is remembered."""
        self._stop.set()
        deadline = time.monotonic() + _LONGEST_STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(deadline - time.monotonic(), 0))
        self._threads.clear()

    def _follow(self, name: str, door: Door, stop: threading.Event) -> None:
        every = self._pulls[name].definition.config.every.total_seconds()
        while not stop.is_set():
            try:
                self._run(name, door, stop)
            except Exception:
                self._metrics.failures.labels(name).inc()
                log.exception("pull %s failed in a way that nobody thought of", name)
            stop.wait(every)


def pull_row(name: str, outcome: PullOutcome) -> dict[str, Any]:
    """What became of a run, as JSON shows it."""
    summary = outcome.summary
    return {
        "pull": name,
        "accepted": summary.accepted,
        "duplicates": summary.duplicates,
        "rejected": summary.rejected,
        "problems": summary.problems,
        "error": outcome.error,
    }
