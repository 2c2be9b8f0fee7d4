"""What became of dead letters after they came: replays and discardings, appended and never changed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from storage.client import Row, Store, encode_rows


class AttemptOutcome(StrEnum):
    """What an attempt met; after the first two the letter is settled for good."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DISCARDED = "discarded"


class LetterState(StrEnum):
    """How a dead letter stands."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a dead letter; `code` and `reason` say why it was rejected or discarded."""

    dead_letter_id: str
    attempted_at: datetime
    attempted_by: str
    outcome: AttemptOutcome
    code: str = ""
    reason: str = ""


def insert_attempts(store: Store, attempts: Sequence[Attempt]) -> None:
    """Stores attempts; returns once they are on disk."""
    if attempts:
        store.insert("dead_letter_attempts", encode_rows([asdict(attempt) for attempt in attempts]))


def list_attempts(store: Store, dead_letter_id: str) -> list[Row]:
    """What was tried with a letter, in order."""
    return store.rows("dead_letter_attempts", {"dead_letter_id": dead_letter_id})
