"""The threads that store what was received, one for each kind, each with its groups."""

from collections.abc import Sequence

from collector.contract_door import keep_flags
from collector.group_commit import GroupCommit
from collector.log_writer import LogWriter
from collector.metrics import CollectorMetrics
from collector.receivers.otlp import TraceRequest
from collector.receivers.otlp_logs import LogRequest
from collector.span_runs import SpanRuns
from collector.span_writer import SpanWriter
from collector.spool_channels import LOGS, SPANS
from collector.spooling import Spooling
from collector.taken_once import TakenOnce
from collector.upkeep import Upkeep
from collector.writer import EventOutcome, EventSubmission, EventWriter
from domain.clock import Clock
from domain.errors import StoreUnreachable
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters

# Events count one by one, everything else by its bytes.
_GROUP_EVENTS, _WAITING_EVENTS = 50_000, 200_000
_GROUP_BYTES, _WAITING_BYTES = 32 * 1024 * 1024, 128 * 1024 * 1024


class Commits:
    """Owns the group commits of one collector; events are stored once `load` has read what is known of them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: CollectorMetrics,
        spooling: Spooling,
        runs: SpanRuns = SpanRuns(),
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._writer: EventWriter | None = None
        self._upkeep = None if store.is_embedded else Upkeep(lambda: self.writer.keep_up())
        self.events: GroupCommit[EventSubmission, EventOutcome] = GroupCommit(
            "commit events",
            spooling.events(self._commit_events),
            group_weight=_GROUP_EVENTS,
            waiting_weight=_WAITING_EVENTS,
        )
        self.spans: GroupCommit[TraceRequest, bool] = GroupCommit(
            "commit spans",
            TakenOnce(SPANS, store, metrics, spooling.spans(SpanWriter(store, metrics, runs).commit)),
            group_weight=_GROUP_BYTES,
            waiting_weight=_WAITING_BYTES,
            # Spans need not be settled in order, and planning an insert of theirs keeps one core busy alone.
            threads=2,
        )
        self.logs: GroupCommit[LogRequest, bool] = GroupCommit(
            "commit logs",
            TakenOnce(LOGS, store, metrics, spooling.logs(LogWriter(store, metrics).commit)),
            group_weight=_GROUP_BYTES,
            waiting_weight=_WAITING_BYTES,
        )
        self.letters: GroupCommit[DeadLetter, bool] = GroupCommit(
            "commit dead letters",
            spooling.letters(self._commit_letters),
            group_weight=_GROUP_BYTES,
            waiting_weight=_WAITING_BYTES,
        )
        metrics.waiting.labels("events").set_function(lambda: self.events.waiting)
        metrics.waiting.labels("traces").set_function(lambda: self.spans.waiting)
        metrics.waiting.labels("logs").set_function(lambda: self.logs.waiting)
        metrics.waiting.labels("dead_letters").set_function(lambda: self.letters.waiting)

    def load(self) -> None:
        """Reads the known identities from the store, which has to be prepared by now."""
        self._writer = EventWriter(self._store, self._clock, self._metrics)

    @property
    def writer(self) -> EventWriter:
        """The one that stores the events; StoreUnreachable before the load."""
        if self._writer is None:
            raise StoreUnreachable(f"the store at {self._store.where} has not been there since the start")
        return self._writer

    def start(self) -> None:
        """Begins to store."""
        for commit in (self.events, self.spans, self.logs, self.letters):
            commit.start()
        if self._upkeep is not None:
            self._upkeep.start()

    def stop(self) -> None:
        """Stores what waits and ends the threads; dead letters last, since the others may still make some."""
        if self._upkeep is not None:
            self._upkeep.stop()
        for commit in (self.events, self.spans, self.logs, self.letters):
            commit.stop()

    @property
    def are_alive(self) -> bool:
        """Whether everything that is received is still stored."""
        return all(commit.is_alive for commit in (self.events, self.spans, self.logs, self.letters))

    def _commit_events(self, group: Sequence[EventSubmission]) -> list[EventOutcome | Exception]:
        outcomes = self.writer.commit(group)
        keep_flags(self._store, [submission.received for submission in group], outcomes, self._clock.now())
        return outcomes

    def _commit_letters(self, letters: Sequence[DeadLetter]) -> list[bool | Exception]:
        insert_dead_letters(self._store, letters)
        return [True] * len(letters)
