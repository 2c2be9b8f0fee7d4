"""What rules on traffic read of the store, and what is kept of them between ticks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain.instants import EARLIEST, from_micros, to_micros
from storage.client import Store, encode_rows
from storage.sql_files import load_query

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SeriesState:
    """What is kept of a rule that is evaluated through an instant; an empty version is one that was removed."""

    rule_version: str
    through: datetime
    state: str


class TypeArrival(NamedTuple):
    """Occurrences of an event type from `first` to `last`, close together, that became known at once."""

    labels: Sequence[str]
    known_at: datetime
    first: datetime
    last: datetime


class ClockCount(NamedTuple):
    """From `known_at` on, so many clocks more went well or badly in the five minutes that end at `outcome_at`."""

    outcome_at: datetime
    known_at: datetime
    good: int
    bad: int


def read_states(store: Store) -> dict[str, SeriesState]:
    """What is kept of each rule, by its name."""
    return {row.pop("rule"): SeriesState(**row) for row in store.rows("series_states")}


def write_states(store: Store, states: Mapping[str, SeriesState], recorded_at: datetime) -> None:
    """Keeps the states of rules by their names, all at once."""
    version = to_micros(recorded_at)
    rows = [
        {
            "rule": name,
            "rule_version": kept.rule_version,
            "through": kept.through,
            "state": kept.state,
            "recorded_at": recorded_at,
            "version": version,
        }
        for name, kept in states.items()
    ]
    if rows:
        store.insert("series_states", encode_rows(rows))


def first_received(store: Store, known_at: datetime) -> datetime | None:
    """When the first event of all was received, if one was by `known_at`."""
    rows = store.rows("first_received", {"known_at": known_at})
    first: datetime | None = rows[0]["received_at"] if rows else None
    return first


def first_span_received(store: Store, known_at: datetime) -> datetime | None:
    """When the first span of all was received, if one was by `known_at`."""
    rows = store.rows("first_span_received", {"known_at": known_at})
    first: datetime | None = rows[0]["received_at"] if rows else None
    return first


def type_arrivals(
    store: Store,
    event_type: str,
    per: Sequence[str],
    after: datetime,
    through: datetime,
    *,
    slice_of: timedelta,
    latest: timedelta,
    as_it_occurred: bool = False,
) -> Iterator[TypeArrival]:
    """What arrived of an event type in (after, through], by label set, in the order it became known.

    What occurred within one `slice_of` time and became known at once is one arrival. Events that were received longer
    than `latest` after they occurred are left out; `as_it_occurred` takes every event as known when it occurred.
    """
    params = {
        "event_type": event_type,
        "per": list(per),
        "after": after,
        "through": through,
        "slice_us": slice_of // _MICROSECOND,
        "latest_us": latest // _MICROSECOND,
        "as_it_occurred": as_it_occurred,
    }
    _, rows = store.tuples("event_type_arrivals", params)
    for labels, known_us, first_us, last_us in rows:
        yield TypeArrival(labels, from_micros(known_us), from_micros(first_us), from_micros(last_us))


def type_last_occurred(
    store: Store, event_type: str, per: Sequence[str], before: datetime
) -> dict[tuple[str, ...], datetime]:
    """When an event type last occurred, by label set, of what was received by `before`."""
    params = {"event_type": event_type, "per": list(per), "before": max(before, EARLIEST)}
    _, rows = store.tuples("event_type_last_occurred", params)
    return {tuple(labels): from_micros(last_us) for labels, last_us in rows}


def signal_values(store: Store, signal: str, params: Mapping[str, object]) -> Sequence[Sequence[Any]]:
    """What a signal was, as rows of instant, values of the labels, value; it takes of `params` what it knows."""
    query = f"signal_{signal}"
    _, rows = store.tuples(query, {name: params[name] for name in load_query(query).params})
    return rows


def clock_counts(store: Store, rule: str, generation: datetime, since: datetime) -> list[ClockCount]:
    """What was counted of a rule's clocks that turned out after `since`."""
    _, rows = store.tuples("clock_counts", {"rule": rule, "generation": generation, "since": since})
    return [ClockCount(*row) for row in rows]


def write_clock_counts(
    store: Store, rule: str, generation: datetime, after: datetime, through: datetime, counts: Iterable[ClockCount]
) -> None:
    """Stores what was counted in (after, through]; doing it again from the same `after` counts nothing twice."""
    rows = [
        {"rule": rule, "generation": generation, "after": after, "through": through, **count._asdict()}
        for count in counts
    ]
    if rows:
        store.insert("clock_counts", encode_rows(rows))
