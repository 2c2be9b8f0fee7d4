"""Finds what other collectors stored at the same time: repeats, and conflicts, that no door could know of.

A filter at the door knows what its own process stored and, from here, what others did a moment ago. What two doors
take at once slips past both. So after an insert, and before it is acknowledged, a collector looks at what was stored
lately: of two that took the same event at once, whoever is stored last sees the other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from collector.dead_lettering import insert_missing, part_id
from collector.event_content import same_content
from collector.identity import Hashes, KnownIdentities
from collector.receivers.cloudevents import STRUCTURED, Candidate
from domain.clock import Clock
from domain.instants import LATEST, format_instant, from_micros
from storage.client import Row, Store
from storage.dead_letters import DeadLetter
from storage.events import SETTLED_AFTER, EventRow, forget_rows, recent_identities, rows_of_events

Identity = tuple[str, str]
CONFLICT_CODE = "conflict"
CONFLICT = "an event of this source and id is stored with other content; an id names one fact"
# What others store is not missed for longer than this where much comes; each look costs the store a query.
FOLLOWED_EVERY = timedelta(seconds=1)
# Bounds what is in memory at once after a long rest.
_STRETCH = timedelta(seconds=30)


class Rivals:
    """What other processes store on the server of this one; one call at a time."""

    def __init__(self, store: Store, clock: Clock, known: KnownIdentities, since: datetime) -> None:
        """`clock` is the store's. `known` has all that was stored by `since`, and is kept up with what comes."""
        self._store = store
        self._clock = clock
        self._known = known
        self._followed_through = since

    def follow(self, at_most_every: timedelta = timedelta(0)) -> None:
        """Learns what others stored, unless that was just now."""
        now = self._clock.now()
        if now - self._followed_through >= at_most_every:
            self._read(now, np.empty(0, dtype=np.uint64))

    def met(self, candidates: Sequence[Candidate], hashes: Hashes) -> Mapping[Identity, Row]:
        """Of these events, which were stored just now, those that another process stored as well, and first.

        Each with what is stored of it. What others stored later, and with other content, becomes a dead letter: their
        collectors could not see these.
        """
        suspects = self._read(self._clock.now(), hashes)
        own = np.fromiter((one.event.received_us for one in candidates), dtype=np.int64, count=len(candidates))
        places = {int(hash_): place for place, hash_ in enumerate(hashes)}
        met = [places[hash_] for hash_, stamps in suspects.items() if stamps != [own[places[hash_]]]]
        if not met:
            return {}
        return self._settle([candidates[place] for place in met])

    def _read(self, through: datetime, hashes: Hashes) -> dict[int, list[int]]:
        """Learns what was stored lately; of these identities, when the rows of each were received."""
        found: dict[int, list[int]] = {}
        after = self._followed_through - SETTLED_AFTER
        # A clock that is ahead of this one's view of it stamps what is seen all the same.
        while after < through:
            end = min(after + _STRETCH, through)
            identities, stamps = recent_identities(self._store, after, LATEST if end == through else end)
            self._known.add(np.unique(identities[~self._known.may_hold(identities)]))
            of_own = np.flatnonzero(np.isin(identities, hashes)) if len(hashes) else ()
            for place in of_own:
                found.setdefault(int(identities[place]), []).append(int(stamps[place]))
            after = end
        self._followed_through = max(self._followed_through, through)
        return found

    def _settle(self, candidates: Sequence[Candidate]) -> dict[Identity, Row]:
        """Lets what was received first stand, as everything that reads does, and takes the rest away."""
        stored = rows_of_events(self._store, [_identity(one.event) for one in candidates])
        lost: dict[Identity, Row] = {}
        letters, needless = [], []
        for candidate in candidates:
            event = candidate.event
            # A merge may have left only the first already.
            rows = stored.get(_identity(event), [])
            others = [row for row in rows if row["received_us"] != event.received_us]
            if not others:
                continue
            first, *rest = rows
            needless += rest
            if first["received_us"] < event.received_us:
                lost[_identity(event)] = first
            else:
                # The collectors of the others did not see this one when they looked.
                unlike = (row for row in others if not same_content(event, row, time_given=candidate.time_given))
                letters += [_letter_of(row, self._clock.now()) for row in unlike]
        if letters:
            insert_missing(self._store, letters)
        if needless:
            forget_rows(self._store, needless)
        return lost


def _identity(event: EventRow) -> Identity:
    return event.source, event.event_id


def row_letter_id(event: EventRow) -> str:
    """The id of the dead letter of a row that is not the first of its event, whoever finds it."""
    return part_id(f"{event.source}\0{event.event_id}", event.received_us)


def _letter_of(row: Row, received_at: datetime) -> DeadLetter:
    """The dead letter of an event of which only what is stored is at hand: the same event, written anew."""
    return DeadLetter(
        dead_letter_id=part_id(f"{row['source']}\0{row['event_id']}", row["received_us"]),
        received_at=received_at,
        channel="events",
        code=CONFLICT_CODE,
        reason=CONFLICT,
        source=row["source"],
        event_id=row["event_id"],
        content_type=STRUCTURED,
        body=msgspec.json.encode(_cloud_event(row)),
    )


def _cloud_event(row: Row) -> dict[str, object]:
    attributes: dict[str, object] = {
        "specversion": "1.0",
        "id": row["event_id"],
        "source": row["source"],
        "type": row["type"],
        "time": format_instant(from_micros(row["occurred_us"])),
        "correlationid": row["correlation_id"],
        "causationid": row["causation_id"],
        "subject": row["subject"],
        "datacontenttype": row["datacontenttype"],
        "dataschema": row["dataschema"],
        **row["extensions"],
    }
    told = {name: value for name, value in attributes.items() if value != ""}
    if not row["data"]:
        return told
    if row["data_base64"]:
        return {**told, "data_base64": row["data"]}
    media_type = row["datacontenttype"].partition(";")[0].rstrip().lower()
    is_json = not media_type or media_type.endswith(("/json", "+json"))
    return {**told, "data": msgspec.Raw(row["data"].encode()) if is_json else row["data"]}
