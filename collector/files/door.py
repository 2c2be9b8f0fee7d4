"""What an ingest of files needs from a Milepost: a door that takes bodies, and a memory of how far a file was taken."""

from dataclasses import dataclass, field
from typing import Protocol

from storage.object_statements import Statements


@dataclass(slots=True)
class Taken:
    """What became of the events of one body: counts, and the reasons of those refused by place in it."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TakenSpans:
    """What became of the spans of one body, and why some were refused."""

    accepted: int
    rejected: int = 0
    reason: str = ""


class Door(Protocol):
    """Takes request bodies as the HTTP endpoints would, over HTTP or in this process."""

    def events(self, content_type: str, body: bytes) -> Taken:
        """What became of a body for /v1/events."""
        ...

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        """What became of a body for /v1/traces; one that cannot be read counts as one span refused."""
        ...

    def objects(self, said: Statements) -> None:
        """Stores what a file says of objects beside its events."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a file was taken: its first items, and how many of them were rejected."""

    items: int = 0
    rejected: int = 0


class Checkpoints(Protocol):
    """Remembers, in the store that has the events, how far files were taken."""

    def read(self, file: str) -> Checkpoint:
        """How far the file of that fingerprint was taken."""
        ...

    def record(self, file: str, checkpoint: Checkpoint) -> None:
        """Records how far it is taken."""
        ...
