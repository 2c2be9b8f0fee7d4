"""All stored events, portion by portion in the order of their identity: what exports read."""

from typing import NamedTuple

import msgspec

from domain.instants import format_instant
from domain.money import format_amount
from storage.client import Row, Store

_EVENTS_A_PORTION = 10_000


class EventKey(NamedTuple):
    """The identity of an event, in whose order they come."""

    source: str = ""
    event_id: str = ""


class StoredEvent(msgspec.Struct, gc=False):
    """One event; instants as RFC 3339, the amount as exact decimal text, objects as (type, id, qualifier)."""

    source: str
    event_id: str
    type: str
    occurred_at: str
    received_at: str
    correlation_id: str
    objects: list[tuple[str, str, str]]
    amount: str | None
    currency: str
    legal_entity: str
    region: str
    attributes: dict[str, str]

    @property
    def key(self) -> EventKey:
        """Its place in the order."""
        return EventKey(self.source, self.event_id)


class SharedNames(msgspec.Struct):
    """Ids that several sources use for their events, and ids that objects of several types have."""

    event_ids: list[str]
    object_ids: list[str]


def events_after(store: Store, after: EventKey) -> list[StoredEvent]:
    """The next portion of events after a key; empty at the end."""
    params = {"source": after.source, "event_id": after.event_id, "limit": _EVENTS_A_PORTION}
    return [StoredEvent(**row | _as_text(row)) for row in store.rows("export_events", params)]


def _as_text(row: Row) -> dict[str, str | None]:
    return {
        "occurred_at": format_instant(row["occurred_at"]),
        "received_at": format_instant(row["received_at"]),
        "amount": None if row["amount"] is None else format_amount(row["amount"], row["currency"]),
    }


def shared_names(store: Store) -> SharedNames:
    """The ids that alone would mean more than one event, or more than one object."""
    return SharedNames(list(store.column("shared_event_ids")), list(store.column("shared_object_ids")))
