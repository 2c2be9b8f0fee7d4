"""What the console reads of dead letters: why they were not taken, a page of them, one whole."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.client import Store
from storage.dead_letter_attempts import list_attempts
from storage.dead_letters import LetterFilter, show_dead_letter


@dataclass(frozen=True, slots=True)
class LetterReason:
    """How many inputs of one source were not taken for one reason, by what became of them."""

    code: str
    source: str
    channel: str
    waiting: int
    replayed: int
    discarded: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A dead letter without its body."""

    dead_letter_id: str
    received_at: datetime
    channel: str
    code: str
    reason: str
    source: str
    event_id: str
    body_bytes: int
    state: str
    attempts: int


@dataclass(frozen=True, slots=True)
class LetterPage:
    """A page of dead letters, and how many there are in all."""

    letters: Sequence[LetterLine]
    total: int


@dataclass(frozen=True, slots=True)
class LetterAttempt:
    """What was tried with a letter, and what it met."""

    attempted_at: datetime
    attempted_by: str
    outcome: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class WholeLetter:
    """One dead letter as it came, masked as contracts say, and all that was tried with it."""

    dead_letter_id: str
    received_at: datetime
    channel: str
    code: str
    reason: str
    source: str
    event_id: str
    content_type: str
    headers: Mapping[str, str]
    state: str
    body: bytes
    attempts: tuple[LetterAttempt, ...]


def letter_reasons(store: Store) -> list[LetterReason]:
    """Every reason there is, that of which most wait first."""
    return [LetterReason(**row) for row in store.rows("console_dead_letter_reasons")]


def letter_page(store: Store, letters: LetterFilter, limit: int, offset: int = 0) -> LetterPage:
    """A page of the letters that a filter means, the newest first; its `since` counts for nothing."""
    params = {
        "channel": letters.channel,
        "code": letters.code,
        "source": letters.source,
        "state": letters.state,
        "limit": limit,
        "offset": offset,
    }
    rows = store.rows("console_dead_letters", params)
    lines = [LetterLine(**{name: value for name, value in row.items() if name != "total"}) for row in rows]
    return LetterPage(lines, rows[0]["total"] if rows else 0)


def whole_letter(store: Store, dead_letter_id: str) -> WholeLetter | None:
    """A letter with its body; None where there is none of that id."""
    row = show_dead_letter(store, dead_letter_id)
    if row is None:
        return None
    body = base64.b64decode(row.pop("body_base64"))
    attempts = tuple(LetterAttempt(**attempt) for attempt in list_attempts(store, dead_letter_id))
    return WholeLetter(**row, body=body, attempts=attempts)
