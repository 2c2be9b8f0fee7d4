"""Takes dead letters of the logs channel again; records have no identity at the door, so stored ones are left out."""

from collections.abc import Callable, Sequence

from collector.body import decompress
from collector.receivers.otlp_logs import LogRequest, read_logs
from collector.replay import Fate
from collector.stored_logs import without_stored_logs
from domain.errors import InputError
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter

CommitLogs = Callable[[Sequence[LogRequest]], Sequence[bool | Exception]]


class LogReplay:
    """The logs channel of a replay; `commit` is the log writer's, directly or through the group commit."""

    def __init__(self, store: Store, commit: CommitLogs) -> None:
        self._store = store
        self._commit = commit

    def take(self, letters: Sequence[DeadLetter]) -> list[Fate | Exception]:
        """Stores the errors that are not stored yet; letter by letter, since two may hold the same."""
        return [self._take(letter) for letter in letters]

    def foresee(self, letters: Sequence[DeadLetter]) -> list[Fate]:
        """What `take` would do now with each letter alone."""
        return [self._fresh(letter)[0] for letter in letters]

    def _take(self, letter: DeadLetter) -> Fate | Exception:
        fate, request = self._fresh(letter)
        if request is None:
            return fate
        [outcome] = self._commit([request])
        if isinstance(outcome, InputError):
            return Fate(AttemptOutcome.REJECTED, outcome.code, str(outcome))
        return outcome if isinstance(outcome, Exception) else fate

    def _fresh(self, letter: DeadLetter) -> tuple[Fate, LogRequest | None]:
        """What is to become of a letter, and its errors that are not stored."""
        media_type = letter.content_type.partition(";")[0].strip().lower()
        try:
            body = decompress(letter.body, letter.headers.get("content-encoding", ""))
            # A record without a time was observed when it came first, not when it is replayed.
            request = read_logs(media_type, body, letter.received_at)
        except InputError as error:
            return Fate(AttemptOutcome.REJECTED, error.code, str(error)), None
        if not request.errors:
            return Fate(AttemptOutcome.ACCEPTED, reason="it holds no errors, and of logs only errors are stored"), None
        fresh = without_stored_logs(self._store, request)
        if not fresh.errors:
            return Fate(AttemptOutcome.DUPLICATE), None
        return Fate(AttemptOutcome.ACCEPTED), fresh
