"""How the items of each channel become records of a spool, and how records are stored, each once.

A submission's id, or the record's, makes the ids of the dead letters that come of it: a drain after a commit that got
no answer, or one that is repeated after a kill, finds them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from collector.dead_lettering import attribute_headers, insert_missing, part_id, rejection_letter
from collector.metrics import CollectorMetrics
from collector.receivers import otlp
from collector.receivers.cloudevents import Candidate, Received, Rejection
from collector.receivers.otlp import TraceRequest
from collector.receivers.otlp_logs import LogRequest
from collector.replay_spans import fresh_spans
from collector.spool import Record
from collector.stored_logs import fresh_logs
from collector.writer import EventOutcome, EventSubmission
from domain.clock import Clock
from domain.errors import InputError
from storage.client import Store
from storage.contract_flags import ContractFlag
from storage.dead_letters import DeadLetter
from storage.events import EventRow


class _Event(msgspec.Struct, array_like=True):
    index: int
    event: EventRow
    time_given: bool
    raw: bytes


class _Submission(msgspec.Struct, array_like=True):
    """A submission whose events no longer point into the request's body."""

    events: list[_Event]
    rejections: list[Rejection]
    content_type: str
    headers: dict[str, str]
    channel: str
    keep_rejected: bool
    flags: list[tuple[int, ContractFlag]]
    # Empty in records of earlier versions, whose own ids then stand for it.
    submission_id: str = ""


_encoder = msgspec.msgpack.Encoder()
_submission_decoder = msgspec.msgpack.Decoder(_Submission)
_letter_decoder = msgspec.msgpack.Decoder(DeadLetter)
_BYTES_AT_ONCE = 8 * 1024 * 1024
Request = TypeVar("Request", bound=TraceRequest | LogRequest)


class EventChannel:
    """Requests for events; what is rejected of them is settled when they are stored."""

    bytes_at_once = _BYTES_AT_ONCE

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: CollectorMetrics,
        commit: Callable[[Sequence[EventSubmission]], Sequence[EventOutcome | Exception]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._commit = commit

    def encode(self, item: EventSubmission) -> bytes:
        """The submission with the headers that its dead letters would keep: never its token."""
        received = item.received
        return _encoder.encode(
            _Submission(
                [_Event(one.index, one.event, one.time_given, bytes(one.raw)) for one in received.candidates],
                received.rejections,
                item.content_type,
                attribute_headers(item.headers, item.kept_headers),
                item.channel,
                item.keep_rejected,
                received.flags,
                item.submission_id,
            )
        )

    def acknowledge(self, item: EventSubmission) -> EventOutcome:
        """Every event counts as accepted: whether one is a duplicate only the store knows."""
        received = item.received
        return EventOutcome(accepted=len(received.candidates), rejected=list(received.rejections))

    def store(self, records: Sequence[Record]) -> int:
        """Commits events by their identity, and keeps what is rejected of them."""
        submissions = [_submission_decoder.decode(record.content) for record in records]
        outcomes = self._commit([_restored(submission) for submission in submissions])
        now = self._clock.now()
        letters = []
        for record, submission, outcome in zip(records, submissions, outcomes, strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            letters += [
                rejection_letter(
                    rejection,
                    now,
                    submission.channel,
                    submission.content_type,
                    submission.headers,
                    submission.submission_id or record.record_id,
                )
                for rejection in outcome.rejected
                if submission.keep_rejected
            ]
        insert_missing(self._store, letters)
        for letter in letters:
            self._metrics.keep(letter.channel, letter.code)
        return len(records)


def _restored(submission: _Submission) -> EventSubmission:
    candidates = [Candidate(one.index, one.event, one.time_given, one.raw) for one in submission.events]
    received = Received(candidates, submission.rejections, flags=submission.flags)
    return EventSubmission(received, submission.content_type, channel=submission.channel, keep_rejected=False)


@dataclass(frozen=True, slots=True)
class RequestKind(Generic[Request]):
    """What tells requests for spans from requests for logs: neither has an identity at the door."""

    channel: str
    type: type[Request]
    size: Callable[[Request], int]
    # Some requests without what the store holds of them, up to one of which that is not known yet.
    fresh: Callable[[Store, Sequence[Request]], Sequence[Request]]
    count_duplicates: Callable[[CollectorMetrics, int], None]


SPANS = RequestKind(
    "traces", TraceRequest, lambda request: request.spans, fresh_spans, CollectorMetrics.count_duplicate_spans
)
LOGS = RequestKind(
    "logs", LogRequest, lambda request: request.errors, fresh_logs, CollectorMetrics.count_duplicate_errors
)


class RequestChannel(Generic[Request]):
    """Requests of a kind, many at a time, of which no two hold the same: what is stored is asked for all at once."""

    bytes_at_once = _BYTES_AT_ONCE

    def __init__(
        self,
        kind: RequestKind[Request],
        store: Store,
        clock: Clock,
        metrics: CollectorMetrics,
        commit: Callable[[Sequence[Request]], Sequence[bool | Exception]],
    ) -> None:
        self._kind = kind
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._commit = commit
        self._decoder = msgspec.msgpack.Decoder(kind.type)

    def encode(self, item: Request) -> bytes:
        """The request as it is checked."""
        return _encoder.encode(item)

    def acknowledge(self, item: Request) -> bool:
        """As when it is stored."""
        return True

    def store(self, records: Sequence[Record]) -> int:
        """Stores what is not stored: an insert that got no answer may have stored it all the same."""
        kind = self._kind
        requests = [self._decoder.decode(record.content) for record in records]
        fresh = kind.fresh(self._store, requests)
        places = [place for place, request in enumerate(fresh) if kind.size(request)]
        outcomes = self._commit([fresh[place] for place in places]) if places else ()
        failures = [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, InputError)]
        if failures:
            raise failures[0]
        for place, outcome in zip(places, outcomes, strict=True):
            if isinstance(outcome, InputError):
                self._keep(records[place], fresh[place], outcome)
        for request, left in zip(requests, fresh, strict=False):
            kind.count_duplicates(self._metrics, kind.size(request) - kind.size(left))
        return len(fresh)

    def _keep(self, record: Record, request: Request, error: InputError) -> None:
        letter = DeadLetter(
            dead_letter_id=part_id(record.record_id, 0),
            received_at=self._clock.now(),
            channel=self._kind.channel,
            code=error.code,
            reason=str(error),
            content_type=otlp.PROTOBUF,
            body=request.body,
        )
        insert_missing(self._store, [letter])
        self._metrics.keep(letter.channel, letter.code)


class LetterChannel:
    """Dead letters of whole requests, counted when their senders were told."""

    bytes_at_once = _BYTES_AT_ONCE

    def __init__(self, store: Store) -> None:
        self._store = store

    def encode(self, item: DeadLetter) -> bytes:
        """The letter."""
        return _encoder.encode(item)

    def acknowledge(self, item: DeadLetter) -> bool:
        """As when it is stored."""
        return True

    def store(self, records: Sequence[Record]) -> int:
        """Stores the letters that are not."""
        insert_missing(self._store, [_letter_decoder.decode(record.content) for record in records])
        return len(records)
