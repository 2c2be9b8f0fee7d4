"""Reads dead letters of the logs channel for a replay."""

from collector.receivers.otlp_logs import LogRequest, read_logs
from collector.replay import Fate
from collector.stored_logs import without_stored_logs
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter


def read_fresh_logs(store: Store, letter: DeadLetter, media_type: str, body: bytes) -> tuple[Fate, LogRequest | None]:
    """What is to become of a letter, and its errors that are not stored."""
    # A record without a time was observed when it came first, not when it is replayed.
    request = read_logs(media_type, body, letter.received_at)
    if not request.errors:
        return Fate(AttemptOutcome.ACCEPTED, reason="it holds no errors, and of logs only errors are stored"), None
    fresh = without_stored_logs(store, request)
    if not fresh.errors:
        return Fate(AttemptOutcome.DUPLICATE), None
    return Fate(AttemptOutcome.ACCEPTED), fresh
