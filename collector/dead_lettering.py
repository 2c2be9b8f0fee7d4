"""Makes dead letters: of requests that cannot be taken as a whole, and of single events."""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from collector.receivers.cloudevents import Rejection
from domain.errors import InputError
from storage.client import Store
from storage.dead_letters import DeadLetter, dead_letter_places, insert_dead_letters

# A ClickHouse server takes 128 KiB a parameter; an id takes 35 of them.
_IDS_A_QUESTION = 1_000
RawHeaders = Collection[tuple[bytes, bytes]]


def dead_letter(
    error: InputError,
    received_at: datetime,
    channel: str,
    content_type: str,
    body: bytes,
    headers: RawHeaders = (),
    also: Collection[str] = (),
) -> DeadLetter:
    """The dead letter that keeps a request's body as it was sent, with the reason it was refused for."""
    kept = attribute_headers(headers, also)
    if encoding := dict(headers).get(b"content-encoding"):
        kept["content-encoding"] = encoding.decode("latin-1")
    return DeadLetter(
        dead_letter_id=uuid.uuid4().hex,
        received_at=received_at,
        channel=channel,
        code=error.code,
        reason=str(error),
        content_type=content_type,
        headers=kept,
        body=body,
    )


def rejection_letter(
    rejection: Rejection,
    received_at: datetime,
    channel: str,
    content_type: str,
    headers: Mapping[str, str],
    submission_id: str,
) -> DeadLetter:
    """The dead letter that keeps one event of a request, under the same id however often the request is committed."""
    return DeadLetter(
        dead_letter_id=rejection.letter_id or part_id(submission_id, rejection.index),
        received_at=received_at,
        channel=channel,
        code=rejection.code,
        reason=rejection.reason,
        source=rejection.source,
        event_id=rejection.event_id or "",
        content_type=content_type,
        headers=headers,
        body=rejection.raw,
    )


def part_id(whole: str, index: int) -> str:
    """The id of the dead letter of one part of what has an id itself."""
    return hashlib.sha256(f"{whole}-{index}".encode()).hexdigest()[:32]


def attribute_headers(headers: RawHeaders, also: Collection[str] = ()) -> dict[str, str]:
    """The headers that hold an event's attributes in binary mode, and those named: the body alone would say too little.

    Never all of them: others prove who sent it, and a proof is not for keeping.
    """
    kept = {}
    for raw, value in headers:
        name = raw.decode("latin-1")
        if name.startswith("ce-") or name in also:
            kept[name] = value.decode("latin-1")
    return kept


def insert_missing(store: Store, letters: Sequence[DeadLetter]) -> None:
    """Stores the letters whose ids are not stored yet."""
    for start in range(0, len(letters), _IDS_A_QUESTION):
        some = letters[start : start + _IDS_A_QUESTION]
        known = {place.dead_letter_id for place in dead_letter_places(store, [one.dead_letter_id for one in some])}
        if missing := [one for one in some if one.dead_letter_id not in known]:
            insert_dead_letters(store, missing)
