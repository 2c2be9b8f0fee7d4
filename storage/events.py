"""Business events in the store: taking checked ones, and telling whether one is known."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from storage.client import INSERT_SECONDS, Row, Store


class EventRow(msgspec.Struct, array_like=True, gc=False):
    """One checked event as `events_input` takes it: the table's columns, in their order.

    Instants are whole microseconds since 1970; `amount` is exact decimal text or None when unknown; `data` is
    JSON text, other text, or base64 where `data_base64` says so.
    """

    source: str
    event_id: str
    type: str
    occurred_us: int
    received_us: int
    correlation_id: str
    causation_id: str
    trace_id: str
    span_id: str
    subject: str
    objects: list[tuple[str, str, str]]
    amount: str | None
    currency: str
    legal_entity: str
    region: str
    attributes: dict[str, str]
    datacontenttype: str
    dataschema: str
    extensions: dict[str, str]
    data: str
    data_base64: bool


# How long an event may be on its way to a server between its stamp and the moment that the server has read it, as the
# constraint of events_stamped_input says; then an insert may take INSERT_SECONDS, and its last step a little longer.
STAMP_SECONDS = 3
# By then an event that was stamped by the store's clock can be read, or was refused.
SETTLED_AFTER = timedelta(seconds=STAMP_SECONDS + INSERT_SECONDS + 2)
# How much later than another one that is not seen yet an event of the same identity may be received: as long as that
# may be under way, and a while for an insert that was tried again.
RIVALS_WITHIN = timedelta(seconds=30)
_Key = TypeVar("_Key", bound=tuple[object, ...])
_encoder = msgspec.json.Encoder()
# A ClickHouse server takes 128 KiB a parameter (http_max_field_value_size), and escaping may double a text. The
# embedded engine takes any, but 50,000 identities at once cost it 45 seconds, 1,500 at a time one and a half.
_LARGEST_PARAMETER = 60_000
# The parameters of a statement that answers nothing go in its URL, where each byte may become three.
_LARGEST_IN_URL = 15_000
# Without optimize_on_insert=0 ClickHouse merges the rows of each insert in advance, as if they could repeat each other:
# 14.0 µs of processor an event instead of 8.4, in inserts of 8,000.
# One thread parses: splitting a group for several costs 10 % more processor than it saves waiting.
_SETTINGS = {
    "input_format_json_named_tuples_as_objects": 0,
    "optimize_on_insert": 0,
    "input_format_parallel_parsing": 0,
}


def encode_events(events: Sequence[EventRow]) -> bytes:
    """The rows as ClickHouse's format JSONCompactEachRow has them."""
    return _encoder.encode_lines(events)


def insert_events(store: Store, events: Sequence[EventRow], *, in_time: bool = False) -> None:
    """Stores checked events; returns once they are on disk.

    With `in_time`, InsertLate and none of them stored, where they were stamped by the store's clock too long ago.
    """
    table = "events_stamped_input" if in_time else "events_input"
    store.insert(table, encode_events(events), fmt="JSONCompactEachRow", settings=_SETTINGS, seconds=INSERT_SECONDS)


def find_events(store: Store, identities: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    """The stored content of those of the identities (source, event_id) that are known."""
    # In the table's order a portion lies in few of its granules, wherever the batch as a whole lies: repeats of a table
    # whose rows come in another order than their ids are told two to four times as fast.
    return {
        (row["source"], row["event_id"]): row
        for some in _portions(sorted(identities))
        for row in store.rows("events_by_identity", {"identities": some})
    }


def rows_of_events(store: Store, identities: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Row]]:
    """Every stored row of the identities, of each that which was received first before the others."""
    found: dict[tuple[str, str], list[Row]] = {}
    for some in _portions(sorted(identities)):
        for row in store.rows("rows_by_identity", {"identities": some}, seconds=INSERT_SECONDS):
            found.setdefault((row["source"], row["event_id"]), []).append(row)
    return found


def forget_milestones(store: Store, rows: Sequence[Row]) -> None:
    """Removes the milestones of rows that `rows_of_events` gave: of events that are stored otherwise.

    The rows themselves stay until a merge leaves the first: a table in shards takes no DELETE. Until then what must
    not count them takes the first of each.
    """
    named = [
        ((one["type"], one["id"]), (row["source"], row["event_id"], row["received_us"]))
        for row in rows
        for one in row["objects"]
    ]
    for some in _weighed(sorted(named), _LARGEST_IN_URL):
        params = {"objects": sorted({one for one, _ in some}), "rows": sorted({key for _, key in some})}
        store.run("forget_milestone_rows", params, seconds=INSERT_SECONDS)


def rivals_since(store: Store, after: datetime) -> datetime:
    """From when on events have to be looked at to know which of those received after an instant were the first.

    That instant itself where nobody else stores events.
    """
    return after if store.is_embedded else after - RIVALS_WITHIN


def recent_identities(
    store: Store, after: datetime, through: datetime
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The hash of each event's identity that was received in (after, through], and when in microseconds."""
    columns = store.columns("recent_identities", {"after": after, "through": through}, INSERT_SECONDS) or ((), ())
    return np.asarray(columns[0], dtype=np.uint64), np.asarray(columns[1], dtype=np.int64)


def _portions(identities: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    return _weighed(identities, _LARGEST_PARAMETER)


def _weighed(keys: Sequence[_Key], most: int) -> Iterator[list[_Key]]:
    """The keys in portions that weigh no more than `most` bytes as parameters."""
    portion: list[_Key] = []
    size = 0
    for key in keys:
        weight = _weight(key)
        if portion and size + weight > most:
            yield portion
            portion, size = [], 0
        portion.append(key)
        size += weight
    if portion:
        yield portion


def _weight(value: object) -> int:
    if isinstance(value, tuple):
        return sum(map(_weight, value)) + len("(),")
    return len(str(value).encode()) + len("'',")


def count_events(store: Store) -> int:
    """How many event rows are stored."""
    count: int = store.rows("count_events")[0]["events"]
    return count


def latest_instant(store: Store) -> datetime:
    """The latest instant up to which events are received or evaluated: whatever comes now has to come after it."""
    latest: datetime = store.rows("latest_instant")[0]["latest"]
    return latest


def identity_hashes(store: Store) -> npt.NDArray[np.uint64]:
    """The 64-bit hash of every stored event's identity."""
    column: Sequence[Any] = store.column("identity_hashes")
    return np.asarray(column, dtype=np.uint64)
