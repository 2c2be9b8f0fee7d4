"""Takes dead letters of events again: a whole request, one event of a batch, binary with its headers, a webhook."""

from collections.abc import Callable, Sequence

import msgspec

from collector.body import decompress
from collector.receivers import cloudevents
from collector.receivers.cloudevents import Candidate, Received, Rejection
from collector.replay import Fate
from collector.writer import EventOutcome, EventSubmission, settle_repeat
from domain.errors import InputError
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter
from storage.events import EventRow, find_events

CommitEvents = Callable[[Sequence[EventSubmission]], Sequence[EventOutcome | Exception]]
ReadLetter = Callable[[DeadLetter, bytes], Received]
# A batch becomes a letter as a whole only for these; every other letter with its media type holds one event of it.
_OF_WHOLE_REQUESTS = frozenset(
    {"invalid_json", "nested_too_deeply", "too_many_events", "invalid_encoding", "unsupported_encoding"}
)


class EventReplay:
    """A channel of events in a replay; `commit` is the writer's, directly or through the running group commit."""

    def __init__(self, store: Store, commit: CommitEvents, read: ReadLetter) -> None:
        self._store = store
        self._commit = commit
        self._read_letter = read

    def take(self, letters: Sequence[DeadLetter]) -> list[Fate | Exception]:
        """Stores what can be taken by now and tells what became of each letter."""
        fates: list[Fate | Exception | None] = []
        submissions: dict[int, EventSubmission] = {}
        for index, letter in enumerate(letters):
            read = self._read(letter)
            if isinstance(read, Received):
                submissions[index] = EventSubmission(
                    read, letter.content_type, channel=letter.channel, keep_rejected=False
                )
                fates.append(None)
            else:
                fates.append(read)
        outcomes = self._commit(list(submissions.values())) if submissions else []
        for index, outcome in zip(submissions, outcomes, strict=True):
            fates[index] = outcome if isinstance(outcome, Exception) else _fate(outcome)
        return [fate for fate in fates if fate is not None]

    def foresee(self, letters: Sequence[DeadLetter]) -> list[Fate]:
        """What `take` would do now; one letter's events count as stored for the letters after it."""
        reads = [self._read(letter) for letter in letters]
        candidates = [one for read in reads if isinstance(read, Received) for one in read.candidates]
        stored = find_events(self._store, [(one.event.source, one.event.event_id) for one in candidates])
        first: dict[tuple[str, str], EventRow] = {}
        fates = []
        for read in reads:
            if isinstance(read, Fate):
                fates.append(read)
                continue
            outcome = EventOutcome(rejected=list(read.rejections))
            for candidate in read.candidates:
                identity = candidate.event.source, candidate.event.event_id
                if known := stored.get(identity):
                    settle_repeat(outcome, candidate, known)
                elif identity in first:
                    settle_repeat(outcome, candidate, msgspec.structs.asdict(first[identity]))
                else:
                    first[identity] = candidate.event
                    outcome.accepted += 1
            fates.append(_fate(outcome))
        return fates

    def _read(self, letter: DeadLetter) -> Received | Fate:
        """The events of a letter; a Fate where it is refused as a whole."""
        try:
            # What was kept of one event came out of the request unpacked, and says no encoding.
            return self._read_letter(letter, decompress(letter.body, letter.headers.get("content-encoding", "")))
        except InputError as error:
            return Fate(AttemptOutcome.REJECTED, error.code, str(error))


def read_events(letter: DeadLetter, body: bytes) -> Received:
    """The events of a letter as POST /v1/events reads them; InputError where it is refused as a whole."""
    # An event without a time occurred when it came first, not when it is replayed.
    if _is_batch_item(letter, body):
        received = Received()
        item = cloudevents.read_event(0, body, letter.received_at)
        if isinstance(item, Candidate):
            received.candidates.append(item)
        else:
            received.rejections.append(item)
        return received
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in letter.headers.items()]
    return cloudevents.read_request(letter.content_type, headers, body, letter.received_at)


def _is_batch_item(letter: DeadLetter, body: bytes) -> bool:
    media_type = letter.content_type.partition(";")[0].strip().lower()
    names_event = letter.event_id or letter.source
    if letter.code in _OF_WHOLE_REQUESTS and not names_event:
        return False
    if media_type == cloudevents.BATCH:
        return True
    # Told by its first character to be a batch, this was an item of one: a whole one would have another code.
    is_binary = any(name.startswith("ce-") for name in letter.headers)
    return media_type in ("application/json", "") and not is_binary and body.lstrip()[:1] == b"["


def _fate(outcome: EventOutcome) -> Fate:
    rejected: list[Rejection] = outcome.rejected
    if rejected:
        count = outcome.accepted + outcome.duplicates + len(rejected)
        reason = rejected[0].reason
        if count > 1:
            reason = f"{len(rejected)} of {count} events, the first because: {reason}"
        return Fate(AttemptOutcome.REJECTED, rejected[0].code, reason)
    return Fate(AttemptOutcome.ACCEPTED if outcome.accepted else AttemptOutcome.DUPLICATE)
