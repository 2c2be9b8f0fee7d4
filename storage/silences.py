"""Silences in the store."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from domain.silence import Silence, SilenceState
from storage.client import Row, Store, encode_rows


def silences_in_force(store: Store, at: datetime) -> list[Silence]:
    """The silences that count at an instant or will later, the one that ends first before the others."""
    return _silences(store.rows("silences_in_force", {"at": at}))


def list_silences(store: Store, states: Sequence[SilenceState], at: datetime, limit: int) -> list[Silence]:
    """The silences that are in one of these states at an instant; those that end last come first."""
    return _silences(store.rows("list_silences", {"at": at, "states": list(states), "limit": limit}))


def find_silences(store: Store, beginning: str) -> list[Silence]:
    """The silence whose id begins so, as it stands; two where it is not the only one."""
    return _silences(store.rows("find_silences", {"beginning": beginning}))


def write_silences(store: Store, silences: Sequence[Silence]) -> None:
    """Stores silences, over what was stored of them before; returns once all are on disk."""
    if silences:
        store.insert("silences", encode_rows([asdict(silence) for silence in silences]))


def _silences(rows: Iterable[Row]) -> list[Silence]:
    return [Silence(**{**row, "matchers": tuple(row["matchers"])}) for row in rows]
