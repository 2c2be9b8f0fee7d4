"""Dead letters in the store: inputs that could not be taken, whole."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.instants import EPOCH, to_micros
from storage.client import INSERT_SECONDS, Row, Store


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One input that could not be taken: `body` as it came, `code` a bounded word, `reason` a sentence."""

    dead_letter_id: str
    received_at: datetime
    channel: str
    code: str
    reason: str
    source: str = ""
    event_id: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def insert_dead_letters(store: Store, letters: Sequence[DeadLetter]) -> None:
    """Stores dead letters; binary, since their bodies may be anything but text."""
    body = b"".join(map(_row_binary, letters))
    store.insert("dead_letters", body, fmt="RowBinary", seconds=INSERT_SECONDS)


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which dead letters; an empty text does not narrow."""

    channel: str = ""
    code: str = ""
    source: str = ""
    state: str = ""
    since: datetime = EPOCH


@dataclass(frozen=True, slots=True)
class LetterPlace:
    """Where a dead letter stands in the order of their coming, and how large it is."""

    dead_letter_id: str
    received_at: datetime
    body_bytes: int = 0


ANY_LETTER = LetterFilter()
FIRST_PLACE = LetterPlace("", EPOCH)


def list_dead_letters(store: Store, limit: int, letters: LetterFilter = ANY_LETTER) -> list[Row]:
    """The newest dead letters with their state, without their bodies."""
    return store.rows("list_dead_letters", {**_narrowing(letters), "state": letters.state, "limit": limit})


def waiting_dead_letters(store: Store, letters: LetterFilter, after: LetterPlace, limit: int) -> list[LetterPlace]:
    """The letters that wait, the oldest first, from a place on; the filter's own state counts for nothing."""
    params = {"after_at": after.received_at, "after_id": after.dead_letter_id, "limit": limit}
    return [LetterPlace(**row) for row in store.rows("waiting_dead_letters", {**_narrowing(letters), **params})]


def dead_letter_places(store: Store, ids: Sequence[str]) -> list[LetterPlace]:
    """Those of the ids that are dead letters, the oldest first."""
    return [LetterPlace(**row) for row in store.rows("dead_letter_places", {"ids": list(ids)}, seconds=INSERT_SECONDS)]


def whole_dead_letters(store: Store, places: Sequence[LetterPlace]) -> list[DeadLetter]:
    """Letters whole, the oldest first."""
    moments = [place.received_at for place in places]
    ids = [place.dead_letter_id for place in places]
    rows = store.rows("whole_dead_letters", {"ids": ids, "first_at": min(moments), "last_at": max(moments)})
    return [DeadLetter(body=base64.b64decode(row.pop("body_base64")), **row) for row in rows]


def _narrowing(letters: LetterFilter) -> dict[str, object]:
    return {
        "channel": letters.channel,
        "code": letters.code,
        "source": letters.source,
        "since": letters.since,
    }


def show_dead_letter(store: Store, dead_letter_id: str) -> Row | None:
    """One dead letter whole, its body in base64; None when there is no such id."""
    rows = store.rows("show_dead_letter", {"dead_letter_id": dead_letter_id})
    return rows[0] if rows else None


def _row_binary(letter: DeadLetter) -> bytes:
    texts = (letter.channel, letter.code, letter.reason, letter.source, letter.event_id, letter.content_type)
    headers = b"".join(_string(part.encode()) for item in letter.headers.items() for part in item)
    return b"".join(
        (
            _string(letter.dead_letter_id.encode()),
            struct.pack("<q", to_micros(letter.received_at)),
            *(_string(text.encode()) for text in texts),
            _varint(len(letter.headers)),
            headers,
            _string(letter.body),
        )
    )


def _string(value: bytes) -> bytes:
    return _varint(len(value)) + value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
