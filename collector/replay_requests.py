"""Takes dead letters of OTLP again; neither spans nor log records have an identity at the door.

What is stored already is therefore left out, letter by letter, since two may hold the same.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from collector.body import decompress
from collector.replay import Fate
from domain.errors import InputError
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter

Request = TypeVar("Request")
CommitRequests = Callable[[Sequence[Request]], Sequence[bool | Exception]]
# What is to become of a letter with this media type and content, and what of it is not stored, if anything: InputError
# where it cannot be read.
ReadFresh = Callable[[Store, DeadLetter, str, bytes], tuple[Fate, Request | None]]


class RequestReplay(Generic[Request]):
    """One channel of a replay; `commit` is the writer's, directly or through the group commit."""

    def __init__(self, store: Store, commit: CommitRequests[Request], read_fresh: ReadFresh[Request]) -> None:
        self._store = store
        self._commit = commit
        self._read_fresh = read_fresh

    def take(self, letters: Sequence[DeadLetter]) -> list[Fate | Exception]:
        """Stores what is not stored yet."""
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

    def _fresh(self, letter: DeadLetter) -> tuple[Fate, Request | None]:
        media_type = letter.content_type.partition(";")[0].strip().lower()
        try:
            body = decompress(letter.body, letter.headers.get("content-encoding", ""))
            return self._read_fresh(self._store, letter, media_type, body)
        except InputError as error:
            return Fate(AttemptOutcome.REJECTED, error.code, str(error)), None
