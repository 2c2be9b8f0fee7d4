"""Acknowledges from a spool while a server store is away, and stores what is in it once the store answers again.

Each channel has a spool before its writer. While one holds anything, whatever comes goes behind it, so that the order
stays. Draining may repeat what a kill cut short: events are told by their identity, spans and dead letters by their
ids, log records by all that they say. The filling takes place on the channel's commit thread, the draining on a thread
of its own, and the writer is called by one of them at a time: by the first only while the spool is empty, by the second
only while it is not.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from collector.metrics import CollectorMetrics
from collector.receivers.otlp import TraceRequest
from collector.receivers.otlp_logs import LogRequest
from collector.spool import Record, Spool
from collector.spool_channels import LOGS, SPANS, EventChannel, LetterChannel, RequestChannel
from collector.writer import EventOutcome, EventSubmission
from domain.clock import Clock
from domain.errors import StoreUnreachable
from storage.client import Store
from storage.dead_letters import DeadLetter

log = logging.getLogger("milepost.collector")
DRAIN_SECONDS = 1.0
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Spooled = TypeVar("Spooled", contravariant=True)
Answer = TypeVar("Answer", covariant=True)


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """Where the spools are, and how much each may hold."""

    folder: Path
    limit_bytes: int


class SpoolChannel(Protocol[Spooled, Answer]):
    """What a channel's spool needs to know of its items; of their records it stores so many bytes at once."""

    bytes_at_once: int

    def encode(self, item: Spooled) -> bytes:
        """The item as a record."""

    def acknowledge(self, item: Spooled) -> Answer:
        """The outcome to answer with once the item is in the spool."""

    def store(self, records: Sequence[Record]) -> int:
        """Stores records from the first on, each once however often it is called, and tells how many, at least one.

        StoreError where they stay.
        """


Commit = Callable[[Sequence[Item]], Sequence[Outcome | Exception]]


class SpooledCommit(Generic[Item, Outcome]):
    """A commit that spools what its store does not answer to."""

    def __init__(
        self,
        spool: Spool,
        commit: Commit[Item, Outcome],
        channel: SpoolChannel[Item, Outcome],
        is_open: Callable[[], bool],
    ) -> None:
        """Until `is_open`, nobody asks the store."""
        self.spool = spool
        self._commit = commit
        self._channel = channel
        self._is_open = is_open
        self._lock = threading.RLock()

    def __call__(self, group: Sequence[Item]) -> Sequence[Outcome | Exception]:
        """Stores or spools a group and tells what became of each item."""
        with self._lock:
            if not self._is_open() or not self.spool.is_empty:
                return self._append(group)
            outcomes: list[Outcome | Exception]
            try:
                outcomes = list(self._commit(group))
            except StoreUnreachable as error:
                outcomes = [error] * len(group)
            places = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, StoreUnreachable)]
            if places:
                spooled = self._append([group[place] for place in places])
                for place, outcome in zip(places, spooled, strict=True):
                    outcomes[place] = outcome
            return outcomes

    def drain(self, *, to_the_end: bool) -> bool:
        """Stores the oldest records; False when there were none. StoreError while the store does not take them.

        `to_the_end` what comes waits while the last of them are stored: else as much comes meanwhile, again and again.
        """
        most = self._channel.bytes_at_once
        with self._lock if to_the_end and self.spool.waiting_bytes <= most else contextlib.nullcontext():
            records = self.spool.peek(most)
            if records:
                stored = self._channel.store(records)
                with self._lock:
                    self.spool.advance(records[:stored])
            return bool(records)

    def _append(self, group: Sequence[Item]) -> list[Outcome | Exception]:
        try:
            self.spool.append([self._channel.encode(item) for item in group])
        except StoreUnreachable as error:
            return [error] * len(group)
        return [self._channel.acknowledge(item) for item in group]


class _Drained(Protocol):
    spool: Spool

    def drain(self, *, to_the_end: bool) -> bool: ...


class Spooling:
    """The spools of a collector; without settings, or on an embedded store, there are none."""

    def __init__(self, store: Store, clock: Clock, metrics: CollectorMetrics, settings: SpoolSettings | None) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._settings = None if store.is_embedded else settings
        self._drained: list[_Drained] = []
        self._is_open = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="drain spools", daemon=True)

    def events(self, commit: Commit[EventSubmission, EventOutcome]) -> Commit[EventSubmission, EventOutcome]:
        """The commit of events with a spool before it."""
        return self._spooled("events", commit, EventChannel(self._store, self._clock, self._metrics, commit))

    def spans(self, commit: Commit[TraceRequest, bool]) -> Commit[TraceRequest, bool]:
        """The commit of trace requests with a spool before it."""
        channel = RequestChannel(SPANS, self._store, self._clock, self._metrics, commit)
        return self._spooled("traces", commit, channel)

    def logs(self, commit: Commit[LogRequest, bool]) -> Commit[LogRequest, bool]:
        """The commit of log requests with a spool before it."""
        channel = RequestChannel(LOGS, self._store, self._clock, self._metrics, commit)
        return self._spooled("logs", commit, channel)

    def letters(self, commit: Commit[DeadLetter, bool]) -> Commit[DeadLetter, bool]:
        """The commit of dead letters with a spool before it."""
        return self._spooled("dead_letters", commit, LetterChannel(self._store))

    def open(self) -> None:
        """Lets everything go to the store from now on; before, whatever comes is spooled."""
        self._is_open.set()

    @property
    def waiting_bytes(self) -> int:
        """How much waits in all of them."""
        return sum(one.spool.waiting_bytes for one in self._drained)

    @property
    def takes_more(self) -> bool:
        """Whether there are spools, and room in each."""
        return bool(self._drained) and not any(one.spool.is_full for one in self._drained)

    def start(self) -> None:
        """Drains from now on, first what an earlier process left."""
        if self._drained:
            self._thread.start()

    def stop(self) -> None:
        """Ends; what waits is stored at the next start."""
        self._ended.set()
        if self._drained:
            self._thread.join()
        for one in self._drained:
            one.spool.close()

    def _spooled(
        self, name: str, commit: Commit[Item, Outcome], channel: SpoolChannel[Item, Outcome]
    ) -> Commit[Item, Outcome]:
        if self._settings is None:
            return commit
        spool = Spool(self._settings.folder / name, self._settings.limit_bytes)
        self._metrics.watch_spool(name, lambda: spool.waiting_bytes)
        spooled = SpooledCommit(spool, commit, channel, self._is_open.is_set)
        self._drained.append(spooled)
        return spooled

    def _work(self) -> None:
        is_told = False
        while True:
            waits = any(not one.spool.is_empty for one in self._drained)
            if waits and not is_told:
                log.warning("the store is away: what comes is acknowledged from the spool")
            elif is_told and not waits:
                log.info("the store answers again, and the spool is stored")
            is_told = waits
            if waits and self._is_open.is_set():
                self._drain()
            if self._ended.wait(DRAIN_SECONDS):
                return

    def _drain(self) -> None:
        try:
            self._store.ping()
            # In turn, so that no spool fills up while another is drained. Nobody waits for a store before it took some.
            takes = False
            while not self._ended.is_set() and sum(one.drain(to_the_end=takes) for one in self._drained):
                takes = True
        except StoreUnreachable:
            # As told already; the next turn asks again.
            return
        except Exception:
            # Whatever it is, the records stay, and so must the thread: what was acknowledged is not given up.
            log.exception("the spool cannot be stored, tried again in %g s", DRAIN_SECONDS)
