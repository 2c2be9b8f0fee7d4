"""Stores checked events in groups: each identity once, repeats counted, conflicts and refusals as dead letters.

The one writer of a process settles identity and stamps `received_at`, both in the order of commits, so that the
engine can be told up to which instant nothing more will appear.
"""

import contextlib
import logging
import threading
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import numpy as np
from opentelemetry import trace

from collector.dead_lettering import attribute_headers, insert_missing, rejection_letter
from collector.event_content import same_content
from collector.identity import Hashes, KnownIdentities, identity_hash
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Candidate, Received, Rejection
from collector.rivals import CONFLICT, CONFLICT_CODE, FOLLOWED_EVERY, Identity, Rivals, letter_id_of
from domain.clock import Clock
from domain.errors import DataRefused, InsertLate, StoreUnreachable
from domain.exemplar import timed
from domain.instants import format_instant, to_micros
from storage.client import Row, Store
from storage.dead_letters import insert_dead_letters
from storage.events import EventRow, count_events, find_events, identity_hashes, insert_events, latest_instant
from storage.repair import repair
from storage.store_clock import StoreClock

log = logging.getLogger("milepost.collector")
_MICROSECOND = timedelta(microseconds=1)
# Commits that follow each other within a microsecond run ahead of the clock by as many, which is no fault of it.
_CLOCK_TOLERANCE = timedelta(seconds=1)
_tracer = trace.get_tracer("milepost.collector")
# How often a group is stamped anew before its store counts as one that is away.
_MOST_TRIES = 4
Known = dict[str, object]
# An event with the index of its request in the group.
Entry = tuple[int, Candidate]


@dataclass(frozen=True, slots=True)
class EventSubmission:
    """The events of one request, and what a dead letter should tell of how they came.

    `keep_rejected` is off where the sender of the submission keeps and counts what is rejected of it. `submission_id`
    makes the ids of its dead letters: a commit that got no answer may have stored them all the same.
    """

    received: Received
    content_type: str
    headers: Sequence[tuple[bytes, bytes]] = ()
    channel: str = "events"
    kept_headers: Collection[str] = ()
    keep_rejected: bool = True
    submission_id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(slots=True)
class EventOutcome:
    """What became of one request's events; all of it is stored when this exists."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)


class EventWriter:
    """Commits groups of requests; `commit` runs on one thread at a time."""

    def __init__(self, store: Store, clock: Clock, metrics: CollectorMetrics) -> None:
        """Reads the known identities from the store: seconds at ten million events.

        To a server other processes may write events as well: these are stamped by its clock, and looked for among
        what the others store.
        """
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._stamps = None if store.is_embedded else StoreClock(store)
        self._receipt: Clock = self._stamps or clock
        self._known = KnownIdentities(count_events(store))
        since = self._receipt.now()
        self._known.add(identity_hashes(store))
        self._rivals = Rivals(store, self._stamps, self._known, since) if self._stamps else None
        self._stamp_lock = threading.Lock()
        # The filter of known identities is changed by one at a time.
        self._turn = threading.Lock()
        self._in_flight: datetime | None = None
        # The earliest insert of which nobody knows how much of it is stored.
        self._doubtful: datetime | None = None
        # The engine looks past neither its watermark nor what was received: a clock that is behind them, after
        # a move to another machine or a correction, must not stamp into the past.
        self._latest = latest_instant(store)
        self._clock_is_behind = False

    def settled_through(self) -> datetime:
        """The latest instant for which every event received at or before it can be read from the store.

        StoreError while an insert that failed may have left events without their milestones.
        """
        self._complete_doubtful()
        with self._stamp_lock:
            if self._in_flight:
                return self._in_flight - _MICROSECOND
            self._latest = self._not_before(self._latest)
            return self._latest

    def keep_up(self) -> None:
        """Learns what others stored, and completes what inserts without an answer left half done; now and then."""
        self._complete_doubtful()
        if self._rivals and self._stamps:
            self._stamps.keep_right()
            with self._turn:
                self._rivals.follow()

    def commit(self, group: Sequence[EventSubmission]) -> list[EventOutcome | Exception]:
        """Stores a group of requests and tells what became of each."""
        with (
            _tracer.start_as_current_span("store events") as span,
            timed(self._metrics.commit_seconds.labels("events")),
        ):
            with self._turn:
                outcomes = self._store_group(group)
            span.set_attribute("milepost.requests", len(group))
            return outcomes

    @contextlib.contextmanager
    def _stamp(self) -> Iterator[datetime]:
        """The instant that what is inserted meanwhile was received at."""
        with self._stamp_lock:
            received_at = self._not_before(self._latest + _MICROSECOND)
            self._latest = self._in_flight = received_at
        is_known = False
        try:
            yield received_at
            is_known = True
        except (DataRefused, InsertLate):
            is_known = True
            raise
        finally:
            with self._stamp_lock:
                self._in_flight = None
                if not is_known:
                    self._doubtful = min(self._doubtful or received_at, received_at)

    def _complete_doubtful(self) -> None:
        """Completes what inserts without an answer may have left half done, as a start does after a kill.

        Their events are stored for whoever asks, so nothing else would: sent again, or drained, they are duplicates.
        """
        with self._stamp_lock:
            doubtful = self._doubtful
        if doubtful:
            repair(self._store, doubtful)
            with self._stamp_lock:
                if self._doubtful == doubtful:
                    self._doubtful = None

    def _not_before(self, earliest: datetime) -> datetime:
        """The present instant, or the earliest there may be; a clock that is behind it is told of once."""
        now = self._receipt.now()
        is_behind = now + _CLOCK_TOLERANCE < earliest
        if is_behind and not self._clock_is_behind:
            log.warning(
                "the clock says %s, but this store's events are received and evaluated up to %s: events are dated "
                "then, and deadlines wait until the clock has caught up",
                format_instant(now),
                format_instant(earliest),
            )
        self._clock_is_behind = is_behind
        return max(now, earliest)

    def _store_group(self, group: Sequence[EventSubmission]) -> list[EventOutcome | Exception]:
        outcomes = [EventOutcome(rejected=list(submission.received.rejections)) for submission in group]
        if self._stamps:
            # Not every writer has an upkeep that does it.
            self._stamps.keep_right()
        fresh, hashes, others = self._sort_out(group)
        # Before the insert: one that seems to fail may have stored them, and to ask needlessly costs little.
        self._known.add(hashes)
        refused = self._insert(fresh)
        lost: Mapping[Identity, Known] = {}
        if self._rivals and fresh:
            lost = self._rivals.met([candidate for _, candidate in fresh], hashes)
        for index, candidate in fresh:
            if refused and _identity(candidate.event) in refused:
                outcomes[index].rejected.append(_refused(candidate))
            elif lost and (first := lost.get(_identity(candidate.event))):
                settle_repeat(outcomes[index], candidate, first, letter_id_of(candidate.event))
            else:
                outcomes[index].accepted += 1
        for (index, candidate), known in others:
            if _identity(candidate.event) in refused:
                outcomes[index].rejected.append(_refused(candidate))
            else:
                settle_repeat(outcomes[index], candidate, lost.get(_identity(candidate.event), known))
        self._keep_dead_letters(group, outcomes)
        for submission, outcome in zip(group, outcomes, strict=True):
            self._metrics.count_events(outcome, submission.channel, keep_rejected=submission.keep_rejected)
        return list(outcomes)

    def _insert(self, entries: Sequence[Entry], tries: int = 1) -> set[Identity]:
        """Stores events and gives the identities of those that the store cannot hold, found by halving."""
        if not entries:
            return set()
        events = [candidate.event for _, candidate in entries]
        try:
            # Stamped as late as can be: other engines on this store only wait so long for what is under way.
            with self._stamp() as received_at:
                received_us = to_micros(received_at)
                for event in events:
                    event.received_us = received_us
                insert_events(self._store, events, in_time=self._stamps is not None)
        except InsertLate as error:
            return self._insert_anew(entries, error, tries)
        except DataRefused:
            if len(entries) == 1:
                return {_identity(entries[0][1].event)}
            middle = len(entries) // 2
            return self._insert(entries[:middle]) | self._insert(entries[middle:])
        return set()

    def _insert_anew(self, entries: Sequence[Entry], error: InsertLate, tries: int) -> set[Identity]:
        """Stamps anew, in smaller parts, what was on its way for too long; the process slept, or a clock was set."""
        if self._stamps is None or tries == _MOST_TRIES:
            raise StoreUnreachable(str(error)) from error
        log.warning("events came too late to the store and are stamped anew: %s", error)
        self._stamps.adjust()
        middle = max(len(entries) // 2, 1)
        return self._insert(entries[:middle], tries + 1) | self._insert(entries[middle:], tries + 1)

    def _sort_out(self, group: Sequence[EventSubmission]) -> tuple[list[Entry], Hashes, list[tuple[Entry, Known]]]:
        """The events not seen before and their hashes, and the others with the known content of their identity."""
        if self._rivals:
            self._rivals.follow(FOLLOWED_EVERY)
        first: dict[Identity, Candidate] = {}
        new: list[Entry] = []
        repeats: list[Entry] = []
        for index, submission in enumerate(group):
            for candidate in submission.received.candidates:
                event = candidate.event
                is_first = first.setdefault((event.source, event.event_id), candidate) is candidate
                (new if is_first else repeats).append((index, candidate))
        hashes = np.fromiter(
            (identity_hash(source, event_id) for source, event_id in first), dtype=np.uint64, count=len(first)
        )
        suspects = np.flatnonzero(self._known.may_hold(hashes)) if len(hashes) else hashes
        stored: dict[Identity, Row] = {}
        if len(suspects):
            stored = find_events(self._store, [_identity(new[position][1].event) for position in suspects])
        others: list[tuple[Entry, Known]] = []
        keep = np.ones(len(new), dtype=np.bool_)
        for position in suspects:
            if known := stored.get(_identity(new[position][1].event)):
                keep[position] = False
                others.append((new[position], known))
        # What is stored says what a repeat repeats, before what came first in this group.
        for entry in repeats:
            identity = _identity(entry[1].event)
            others.append((entry, stored.get(identity) or msgspec.structs.asdict(first[identity].event)))
        fresh = [entry for entry, kept in zip(new, keep.tolist(), strict=True) if kept] if others else new
        return fresh, hashes[keep], others

    def _keep_dead_letters(self, group: Sequence[EventSubmission], outcomes: Sequence[EventOutcome]) -> None:
        received_at = self._clock.now()
        letters = [
            rejection_letter(
                rejection,
                received_at,
                submission.channel,
                submission.content_type,
                attribute_headers(submission.headers, submission.kept_headers),
                submission.submission_id,
            )
            for submission, outcome in zip(group, outcomes, strict=True)
            if submission.keep_rejected
            for rejection in outcome.rejected
        ]
        if any(rejection.letter_id for outcome in outcomes for rejection in outcome.rejected):
            # Another collector may have found them, too.
            insert_missing(self._store, letters)
        elif letters:
            insert_dead_letters(self._store, letters)


def settle_repeat(outcome: EventOutcome, candidate: Candidate, known: Known, letter_id: str = "") -> None:
    """Adds to an outcome an event whose identity is known: a duplicate, or a conflict, whose letter may have an id."""
    if same_content(candidate.event, known, time_given=candidate.time_given):
        outcome.duplicates += 1
    else:
        outcome.rejected.append(
            _reject(
                candidate,
                CONFLICT_CODE,
                CONFLICT,
                letter_id,
            )
        )


def _refused(candidate: Candidate) -> Rejection:
    return _reject(candidate, "store_refused", "the store cannot hold this event")


def _reject(candidate: Candidate, code: str, reason: str, letter_id: str = "") -> Rejection:
    event, raw = candidate.event, bytes(candidate.raw)
    return Rejection(candidate.index, event.event_id, event.source, code, reason, raw, letter_id=letter_id)


def _identity(event: EventRow) -> Identity:
    return event.source, event.event_id
