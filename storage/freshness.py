"""When each source last spoke, how late and how much it sends, and which sources are silent by their contracts.

A source that contracts name and that never spoke is unknown, not silent: nobody knows yet whether it is connected.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.contract import Contracts
from domain.instants import EPOCH
from storage.client import Row, Store
from storage.engine_state import read_watermark
from storage.events import rivals_since

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# How far back traffic is kept (the TTL of source_traffic).
KEPT = timedelta(days=30)
# What sources and types are called together that no contract names.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Lag:
    """How long events took from business time to receipt; below zero where the source's clock runs ahead of ours.

    The quantiles are exact to one percent: of n events in order the one at rank ⌊q · (n - 1)⌋. `longest` is exact.
    """

    p50: timedelta
    p95: timedelta
    p99: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class SourceFreshness:
    """How a source does by an instant: with one event type, or (`event_type` None) with all of them together.

    Instants are None where it never spoke, `lag` where it sent nothing in the window. `silent_since` is None unless it
    is silent, and `is_silent` is None where it cannot be told: nothing was agreed, or it never spoke.
    """

    source: str
    event_type: str | None
    last_received_at: datetime | None
    last_occurred_at: datetime | None
    events: int
    events_per_second: float
    lag: Lag | None
    silent_after: timedelta | None
    is_silent: bool | None
    silent_since: datetime | None


@dataclass(frozen=True, slots=True)
class Silence:
    """A source that is silent: of one event type, or (`event_type` None) of anything."""

    source: str
    event_type: str | None
    last_received_at: datetime
    since: datetime


def note_traffic(store: Store, after: datetime, through: datetime) -> None:
    """Records what the sources sent in (after, through]; doing it again from the same `after` changes no figure."""
    params = {"after": after, "through": through, "rivals_since": rivals_since(store, after)}
    store.run("note_traffic", params)


def source_freshness(
    store: Store, contracts: Contracts, at: datetime, window: timedelta = HOUR, *, fold: bool = False
) -> list[SourceFreshness]:
    """How every source does that has spoken or that contracts name, by name, each as a whole before its event types.

    Events and lag are those received in the window before `at`, which begins at a full minute. With `fold`, what no
    contract names stands together as `other`: a bounded set of names.
    """
    since = _minute_of(at - window)
    params = {
        "since": since,
        "fold": fold,
        "sources": sorted(named_sources(contracts)),
        "types": sorted(contracts.events),
    }
    rows = {(row["source"], row["type"] or None): row for row in store.rows("source_freshness", params)}
    pairs = {*rows, *_named(contracts)}
    return [
        _reading(contracts, pair, rows.get(pair), at, at - since)
        for pair in sorted(pairs, key=lambda pair: (pair[0], pair[1] or ""))
    ]


def known_through(store: Store, engine: str, now: datetime) -> datetime:
    """The instant up to which it is known what sources said: nobody is silent for what the engine has not seen yet."""
    watermark = read_watermark(store, engine)
    return min(now, watermark.evaluated_through) if watermark else now


def silences_at(store: Store, contracts: Contracts, at: datetime) -> list[Silence]:
    """Which sources are silent at an instant that the engine has come to, of anything or of one event type.

    Exact for instants within the last thirty days and for agreements of a minute or more, however often the engine
    ran: what rules need to suspend a verdict at the same instants whenever they are evaluated.
    """
    return list(_silences(contracts, store.rows("source_heard_by", {"at": at}), at))


def named_sources(contracts: Contracts) -> set[str]:
    """The sources that any contract names."""
    return {*contracts.sources, *(source for event in contracts.events.values() for source in event.sources)}


def _silences(contracts: Contracts, rows: Iterable[Row], at: datetime) -> Iterator[Silence]:
    for row in rows:
        source, event_type, heard_at = row["source"], row["type"] or None, row["last_received_at"]
        agreed = contracts.silent_after(source, event_type)
        if agreed is not None and at - heard_at > agreed:
            yield Silence(source, event_type, heard_at, heard_at + agreed)


def _named(contracts: Contracts) -> Iterator[tuple[str, str | None]]:
    for source in named_sources(contracts):
        yield source, None
    for event in contracts.events.values():
        for source in event.sources:
            yield source, event.type


def _reading(
    contracts: Contracts, pair: tuple[str, str | None], row: Row | None, at: datetime, length: timedelta
) -> SourceFreshness:
    agreed = contracts.silent_after(*pair)
    if row is None:
        return SourceFreshness(*pair, None, None, 0, 0.0, None, agreed, None, None)
    heard_at: datetime = row["last_received_at"]
    is_silent = None if agreed is None else at - heard_at > agreed
    return SourceFreshness(
        *pair,
        last_received_at=heard_at,
        last_occurred_at=row["last_occurred_at"],
        events=row["events"],
        events_per_second=row["events"] / length.total_seconds(),
        lag=_lag(row) if row["events"] else None,
        silent_after=agreed,
        is_silent=is_silent,
        silent_since=heard_at + agreed if agreed is not None and is_silent else None,
    )


def _lag(row: Row) -> Lag:
    p50, p95, p99 = (timedelta(microseconds=lag) for lag in row["lag_us"])
    return Lag(p50, p95, p99, longest=timedelta(microseconds=row["longest_lag_us"]))


def _minute_of(instant: datetime) -> datetime:
    return EPOCH + math.floor((instant - EPOCH) / MINUTE) * MINUTE
