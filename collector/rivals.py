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
from storage.client import INSERT_SECONDS, Row, Store
from storage.dead_letters import DeadLetter
from storage.events import SETTLED_AFTER, EventRow, forget_milestones, recent_identities, rows_of_events
from storage.runs import slice_end

Identity = tuple[str, str]
CONFLICT_CODE = "conflict"
CONFLICT = "an event of this source and id is stored with other content; an id names one fact"
# What others store is not missed for longer than this where much comes; each look costs the store a query.
FOLLOWED_EVERY = timedelta(seconds=1)
# So long a stretch is read at once, and of a longer one, after a rest, so many events: bounds what is in memory.
_STRETCH = timedelta(seconds=30)
_EVENTS_AT_ONCE = 500_000
# In what two rows of one event may differ that say the same and lead to the same milestones.
_OF_THE_WAY = ("received_us", "trace_id", "span_id")


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
            end = through
            if through - after > _STRETCH:
                end = slice_end(self._store, after, through, _EVENTS_AT_ONCE, INSERT_SECONDS)
            identities, stamps = recent_identities(self._store, after, LATEST if end == through else end)
            self._known.add(np.unique(identities[~self._known.may_hold(identities)]))
            of_own = np.flatnonzero(np.isin(identities, hashes)) if len(hashes) else ()
            for place in of_own:
                found.setdefault(int(identities[place]), []).append(int(stamps[place]))
            after = end
        self._followed_through = max(self._followed_through, through)
        return found

    def _settle(self, candidates: Sequence[Candidate]) -> dict[Identity, Row]:
        """Lets what was received first stand, as everything that reads does; what else was said has no milestones."""
        stored = rows_of_events(self._store, [_identity(one.event) for one in candidates])
        lost: dict[Identity, Row] = {}
        letters, unlike_first = [], []
        for candidate in candidates:
            event = candidate.event
            # A merge may have left only the first already.
            rows = stored.get(_identity(event), [])
            others = [row for row in rows if row["received_us"] != event.received_us]
            if not others:
                continue
            first, *rest = rows
            # The milestones of those that say the same merge with the first one's.
            unlike_first += [row for row in rest if _said(row) != _said(first)]
            if first["received_us"] < event.received_us:
                lost[_identity(event)] = first
            else:
                # The collectors of the others did not see this one when they looked.
                unlike = (row for row in others if not same_content(event, row, time_given=candidate.time_given))
                letters += [_letter_of(row, self._clock.now()) for row in unlike]
        if letters:
            insert_missing(self._store, letters)
        if unlike_first:
            forget_milestones(self._store, unlike_first)
        return lost


def _identity(event: EventRow) -> Identity:
    return event.source, event.event_id


def _said(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _OF_THE_WAY}


def letter_id_of(event: EventRow) -> str:
    """The id of the dead letter of a row that is not the first of its event, whoever finds it."""
    return _letter_id(event.source, event.event_id, event.received_us)


def _letter_id(source: str, event_id: str, received_us: int) -> str:
    return part_id(f"{source}\0{event_id}", received_us)


def _letter_of(row: Row, received_at: datetime) -> DeadLetter:
    """The dead letter of an event of which only what is stored is at hand: the same event, written anew."""
    return DeadLetter(
        dead_letter_id=_letter_id(row["source"], row["event_id"], row["received_us"]),
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
        "traceparent": f"00-{row['trace_id']}-{row['span_id']}-01" if row["span_id"] else "",
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
