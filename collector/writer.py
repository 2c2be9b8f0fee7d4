"""Stores checked events in groups: each identity once, repeats counted, conflicts and refusals as dead letters.

The one writer of a process settles identity and stamps `received_at`, both in the order of commits, so that the
engine can be told up to which instant nothing more will appear.
"""

import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
import numpy as np
from opentelemetry import trace

from collector.dead_lettering import attribute_headers
from collector.event_content import same_content
from collector.identity import Hashes, KnownIdentities, identity_hash
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Candidate, Received, Rejection
from domain.clock import Clock
from domain.errors import StoreError, StoreUnreachable
from domain.instants import format_instant, to_micros
from storage.client import Row, Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import EventRow, count_events, find_events, identity_hashes, insert_events, latest_instant

log = logging.getLogger("milepost.collector")
_MICROSECOND = timedelta(microseconds=1)
# Commits that follow each other within a microsecond run ahead of the clock by as many, which is no fault of it.
_CLOCK_TOLERANCE = timedelta(seconds=1)
_tracer = trace.get_tracer("milepost.collector")


@dataclass(frozen=True, slots=True)
class EventSubmission:
    """The events of one request, and what a dead letter should tell of how they came."""

    received: Received
    content_type: str
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(slots=True)
class EventOutcome:
    """What became of one request's events; all of it is stored when this exists."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)


class EventWriter:
    """Commits groups of requests; `commit` runs on one thread at a time."""

    def __init__(self, store: Store, clock: Clock, metrics: CollectorMetrics) -> None:
        """Reads the known identities from the store: seconds at ten million events."""
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._known = KnownIdentities(count_events(store))
        self._known.add(identity_hashes(store))
        self._stamp_lock = threading.Lock()
        self._in_flight: datetime | None = None
        # The engine looks past neither its watermark nor what was received: a clock that is behind them, after
        # a move to another machine or a correction, must not stamp into the past.
        self._latest = latest_instant(store)
        self._clock_is_behind = False

    def settled_through(self) -> datetime:
        """The latest instant for which every event received at or before it can be read from the store."""
        with self._stamp_lock:
            if self._in_flight:
                return self._in_flight - _MICROSECOND
            self._latest = self._not_before(self._latest)
            return self._latest

    def commit(self, group: Sequence[EventSubmission]) -> list[EventOutcome | Exception]:
        """Stores a group of requests and tells what became of each."""
        with (
            _tracer.start_as_current_span("store events") as span,
            self._metrics.commit_seconds.labels("events").time(),
        ):
            received_at = self._begin()
            try:
                outcomes = self._store_group(group, received_at)
            finally:
                with self._stamp_lock:
                    self._in_flight = None
            span.set_attribute("milepost.requests", len(group))
            return outcomes

    def _begin(self) -> datetime:
        with self._stamp_lock:
            received_at = self._not_before(self._latest + _MICROSECOND)
            self._latest = self._in_flight = received_at
            return received_at

    def _not_before(self, earliest: datetime) -> datetime:
        """The present instant, or the earliest there may be; a clock that is behind it is told of once."""
        now = self._clock.now()
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

    def _store_group(self, group: Sequence[EventSubmission], received_at: datetime) -> list[EventOutcome | Exception]:
        outcomes = [EventOutcome(rejected=list(submission.received.rejections)) for submission in group]
        fresh, hashes = self._sort_out(group, outcomes)
        received_us = to_micros(received_at)
        for _, candidate in fresh:
            candidate.event.received_us = received_us
        if fresh:
            try:
                insert_events(self._store, [candidate.event for _, candidate in fresh])
            except StoreUnreachable:
                raise
            except StoreError:
                if len(fresh) > 1:
                    return self._store_singly(group, received_at)
                index, candidate = fresh[0]
                outcomes[index].rejected.append(_reject(candidate, "store_refused", "the store cannot hold this event"))
                fresh, hashes = [], hashes[:0]
            self._known.add(hashes)
        for index, _ in fresh:
            outcomes[index].accepted += 1
        self._keep_dead_letters(group, outcomes, received_at)
        self._metrics.count_events(outcomes)
        return list(outcomes)

    def _store_singly(self, group: Sequence[EventSubmission], received_at: datetime) -> list[EventOutcome | Exception]:
        """After a refused insert: each event by itself, so that only the one at fault is refused."""
        outcomes: list[EventOutcome | Exception] = []
        for submission in group:
            whole = EventOutcome()
            rejections = submission.received.rejections
            for candidate in [*submission.received.candidates, None]:
                part = Received([candidate] if candidate else [], [] if candidate else rejections)
                [outcome] = self._store_group([replace(submission, received=part)], received_at)
                if isinstance(outcome, EventOutcome):
                    whole.accepted += outcome.accepted
                    whole.duplicates += outcome.duplicates
                    whole.rejected += outcome.rejected
            outcomes.append(whole)
        return outcomes

    def _sort_out(
        self, group: Sequence[EventSubmission], outcomes: list[EventOutcome]
    ) -> tuple[list[tuple[int, Candidate]], Hashes]:
        """The events not seen before, each with the index of its request, and their hashes."""
        first: dict[tuple[str, str], Candidate] = {}
        fresh: list[tuple[int, Candidate]] = []
        repeats: list[tuple[int, Candidate]] = []
        for index, submission in enumerate(group):
            for candidate in submission.received.candidates:
                is_first = first.setdefault(_identity(candidate.event), candidate) is candidate
                (fresh if is_first else repeats).append((index, candidate))
        hashes = np.fromiter(
            (identity_hash(source, event_id) for source, event_id in first), dtype=np.uint64, count=len(first)
        )
        suspects = np.flatnonzero(self._known.may_hold(hashes)) if len(hashes) else hashes
        stored: dict[tuple[str, str], Row] = {}
        if len(suspects):
            stored = find_events(self._store, [_identity(fresh[position][1].event) for position in suspects])
        keep = np.ones(len(fresh), dtype=np.bool_)
        for position in suspects:
            index, candidate = fresh[position]
            known = stored.get(_identity(candidate.event))
            if known is not None:
                keep[position] = False
                _settle_repeat(outcomes[index], candidate, known)
        # Only now, since what is stored says what a repeat repeats, not what came first in this group.
        for index, candidate in repeats:
            identity = _identity(candidate.event)
            known = stored.get(identity) or msgspec.structs.asdict(first[identity].event)
            _settle_repeat(outcomes[index], candidate, known)
        return [entry for entry, kept in zip(fresh, keep, strict=True) if kept], hashes[keep]

    def _keep_dead_letters(
        self, group: Sequence[EventSubmission], outcomes: Sequence[EventOutcome], received_at: datetime
    ) -> None:
        letters = [
            DeadLetter(
                dead_letter_id=uuid.uuid4().hex,
                received_at=received_at,
                channel="events",
                code=rejection.code,
                reason=rejection.reason,
                source=rejection.source,
                event_id=rejection.event_id or "",
                content_type=submission.content_type,
                headers=attribute_headers(submission.headers),
                body=rejection.raw,
            )
            for submission, outcome in zip(group, outcomes, strict=True)
            for rejection in outcome.rejected
        ]
        if letters:
            insert_dead_letters(self._store, letters)


def _settle_repeat(outcome: EventOutcome, candidate: Candidate, known: dict[str, object]) -> None:
    if same_content(candidate.event, known, time_given=candidate.time_given):
        outcome.duplicates += 1
    else:
        outcome.rejected.append(
            _reject(
                candidate,
                "conflict",
                "an event of this source and id is stored with other content; an id names one fact",
            )
        )


def _reject(candidate: Candidate, code: str, reason: str) -> Rejection:
    event = candidate.event
    return Rejection(candidate.index, event.event_id, event.source, code, reason, candidate.raw)


def _identity(event: EventRow) -> tuple[str, str]:
    return event.source, event.event_id
