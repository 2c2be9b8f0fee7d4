"""Hops in the store: calls kept by the minute as spans come in, read as figures, and the queues of the middleware."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.alert import AlertState
from domain.hop import Hop, HopKind, Queue, Traffic
from domain.instants import EARLIEST, EPOCH, LATEST, to_micros
from storage.alert_causes import PARKED, UNPARKED
from storage.client import Row, Store

MEASURED = "middleware.queue_measured"
_MESSAGES = {"measured_type": MEASURED, "parked_type": PARKED, "unparked_type": UNPARKED}
MINUTE = timedelta(minutes=1)
# As wide as the store's minutes are.
_FIRST, _LAST = EPOCH, datetime(2106, 1, 1, tzinfo=EPOCH.tzinfo)


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """Objects behind one hop, of one legal entity and one currency; in none where their amounts are unknown."""

    hop: Hop
    legal_entity: str
    currency: str
    objects: int
    alerting: int
    unknown: int
    amount: Decimal
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class ArrivedRow:
    """What arrived over a hop in a stretch of time, of one legal entity and one currency."""

    legal_entity: str
    currency: str
    objects: int
    unknown: int
    amount: Decimal


def keep_calls(store: Store, after: datetime, through: datetime, events_since: datetime) -> None:
    """Keeps the calls that became known in (after, through], both whole minutes; repeated it changes nothing.

    What objects and events they were about is looked for among the events received from `events_since` on.
    """
    stretch = {"after": after, "through": through}
    version = to_micros(through)
    store.run("keep_hop_calls", stretch)
    store.run("keep_hop_minutes", {**stretch, "version": version})
    store.run("keep_hop_failures", {**stretch, "version": version})
    store.run("keep_hop_milestones", {**stretch, "events_since": events_since})
    failed_since = max(through - timedelta(hours=1), EPOCH)
    store.run("keep_hop_objects", {"failed_since": failed_since, "events_since": events_since, "version": version})


def keep_messages(store: Store, after: datetime, through: datetime) -> None:
    """Keeps what the middleware told in (after, through] of its queues and messages; repeated it changes nothing."""
    store.run("keep_hop_messages", {"after": after, "through": through, **_MESSAGES})


def next_span_received(store: Store, after: datetime, through: datetime) -> datetime | None:
    """When the first span in (after, through] was received; None where none was."""
    rows = store.rows("next_span_received", {"after": after, "through": through})
    first: datetime | None = rows[0]["received_at"] if rows else None
    return first


def call_figures(
    store: Store,
    since: datetime,
    until: datetime,
    slice_: timedelta = timedelta(0),
    *,
    known_after: datetime = _FIRST,
    known_through: datetime = _LAST,
) -> dict[Hop, dict[int, Traffic]]:
    """How calls went that ended in [since, until), both whole minutes, by hop and slice; in slice 0 without slices.

    With the other two, only of those that became known in (known_after, known_through].
    """
    params = {
        "since": since,
        "until": until,
        "known_after": known_after,
        "known_through": known_through,
        "slice_seconds": slice_ // timedelta(seconds=1),
    }
    found: dict[Hop, dict[int, Traffic]] = {}
    for row in store.rows("hop_figures", params):
        hop = Hop(HopKind.CALL, row["from_service"], row["to_service"])
        traffic = Traffic(row["calls"], row["failed"], row["p50"], row["p95"], row["p99"])
        found.setdefault(hop, {})[row["slice"]] = traffic
    return found


def calls_by_receipt(store: Store, after: datetime, through: datetime) -> dict[Hop, Traffic]:
    """How calls went that became known in (after, through], whenever they ended: as signals of rules count them."""
    found = call_figures(store, _FIRST, _LAST, known_after=after, known_through=through)
    return {hop: slices[0] for hop, slices in found.items()}


def queues(store: Store, at: datetime) -> dict[Hop, Queue]:
    """The queues that the middleware told of by an instant."""
    params = {"at": at, **_MESSAGES}
    return {Hop(HopKind.QUEUE, "", row.pop("queue")): Queue(**row) for row in store.rows("hop_queues", params)}


def waiting_rows(store: Store) -> list[WaitingRow]:
    """What waits behind each hop as the store stands."""
    params = {
        "open_states": [state for state in AlertState if state.is_open],
        "parked_type": PARKED,
        "unparked_type": UNPARKED,
    }
    return [_waiting(row) for row in store.rows("hop_waiting", params)]


def kinds_that_arrive(store: Store) -> list[tuple[str, str]]:
    """The object and event types that arrive over some hop."""
    return [(row["object_type"], row["type"]) for row in store.rows("hop_kinds")]


def keep_arrivals(store: Store, kinds: Sequence[tuple[str, str]], after: datetime, through: datetime) -> None:
    """Keeps the events of these kinds that were received in (after, through]; repeated it changes nothing."""
    store.run("keep_hop_arrivals", {"kinds": list(kinds), "after": after, "through": through})


def arrived(store: Store, hop: Hop, since: datetime, until: datetime) -> list[ArrivedRow]:
    """What arrived over a hop in [since, until)."""
    hop_params = {"from_service": hop.from_service, "to_service": hop.to_service}
    rows = store.rows("hop_arrivals", {**hop_params, "since": max(since, EARLIEST), "until": min(until, LATEST)})
    return [ArrivedRow(**row) for row in rows]


def first_arrival(store: Store, hop: Hop) -> datetime | None:
    """When something arrived over a hop for the first time; None where nothing is known to arrive over it."""
    rows = store.rows("hop_first_arrival", {"from_service": hop.from_service, "to_service": hop.to_service})
    first: datetime | None = rows[0]["occurred_at"] if rows else None
    return first if first is None or first > EARLIEST else EARLIEST


def _waiting(row: Row) -> WaitingRow:
    columns: Mapping[str, object] = {name: value for name, value in row.items() if name not in _PLACE}
    hop = Hop(HopKind(row["kind"]), row["from_service"], row["to_service"])
    return WaitingRow(hop=hop, **columns)  # type: ignore[arg-type]


_PLACE = frozenset({"kind", "from_service", "to_service"})
