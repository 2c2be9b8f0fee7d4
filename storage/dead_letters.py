"""Dead letters in the store: inputs that could not be taken, whole."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.instants import to_micros
from storage.client import Row, Store


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
    store.insert("dead_letters", b"".join(map(_row_binary, letters)), fmt="RowBinary")


def list_dead_letters(store: Store, limit: int) -> list[Row]:
    """The newest dead letters, without their bodies."""
    return store.rows("list_dead_letters", {"limit": limit})


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
