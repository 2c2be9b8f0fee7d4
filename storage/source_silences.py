"""The silences of sources in the store: noted by each tick from what it noted of their traffic, and read by rules.

They follow from receipts alone, so that ticking often, seldom or after an outage notes the same ones.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from domain.contract import Contracts
from domain.source_silence import BACKLOG_GRACE, Silences, SourceSilence
from storage.client import Row, Store, encode_rows
from storage.freshness import MINUTE, note_traffic

# A source and an event type; an empty one is the source as a whole.
Pair = tuple[str, str]
_MICROSECOND = timedelta(microseconds=1)


def note_sources(store: Store, contracts: Contracts, after: datetime, through: datetime) -> None:
    """Records what sources sent in (after, through] and who fell silent or spoke again in it.

    Doing it again from the same `after`, and further, changes nothing that was right.
    """
    agreed = agreements(contracts)
    before = store.rows("source_heard_by", {"at": after}) if agreed else []
    note_traffic(store, after, through)
    open_ = {(one.source or "", one.event_type or ""): one for one in _read(store, after, after) if one.source}
    if not agreed and not open_:
        return
    heard: dict[Pair, datetime] = {(row["source"], row["type"]): row["last_received_at"] for row in before}
    spoken = {(row["source"], row["type"]): row for row in _traffic(store, agreed, after)}
    found = [
        silence
        for pair, allowed in agreed.items()
        for silence in _silences(pair, allowed, heard.get(pair), open_.get(pair), spoken.get(pair), after, through)
    ]
    # Nothing is agreed of these any more, so nobody can say that they are silent.
    found += [_ended(silence, through) for pair, silence in open_.items() if pair not in agreed]
    write_silences(store, found, through)


def note_absence(store: Store, since: datetime, until: datetime) -> None:
    """Records that Milepost itself was away, and heard nobody."""
    write_silences(store, [SourceSilence(None, None, since, since, until)], until)


def read_silences(store: Store, contracts: Contracts, after: datetime, through: datetime) -> Silences:
    """What is known at `through` of the silences that bear on (after, through], and on those that bear on them."""
    if not contracts.events:
        return Silences(contracts)
    first_heard = {row["source"]: row["first_received_at"] for row in store.rows("first_heard")}
    ending_after, begins = after - BACKLOG_GRACE, after
    silences = _read(store, ending_after, through)
    # An alert suspended in one silence stays so through the next, where that begins before the first one's end counts.
    while silences and min(silence.since for silence in silences) < begins:
        begins = min(silence.since for silence in silences)
        ending_after = begins - BACKLOG_GRACE
        silences = _read(store, ending_after, through)
    return Silences(contracts, silences, {name: at for name, at in first_heard.items() if at <= through})


def stored_silences(store: Store, after: datetime, through: datetime) -> list[SourceSilence]:
    """The silences that touch (after, through], as known at its end; one of no source is Milepost's own absence."""
    return _read(store, after, through)


def heard_of_types(store: Store, types: Iterable[str]) -> dict[str, dict[str, datetime]]:
    """Which sources have sent events of some types, with since when, by type."""
    found: dict[str, dict[str, datetime]] = {}
    for row in store.rows("heard_of_types", {"types": sorted(types)}):
        found.setdefault(row["type"], {})[row["source"]] = row["first_received_at"]
    return found


def write_silences(store: Store, silences: Sequence[SourceSilence], noted_through: datetime) -> None:
    """Stores silences; of one source and type those that begin at the same instant are one."""
    rows: list[Row] = [
        {
            "source": silence.source or "",
            "type": silence.event_type or "",
            "heard_at": silence.heard_at,
            "since": silence.since,
            "until": silence.until,
            "noted_through": noted_through,
        }
        for silence in silences
    ]
    if rows:
        store.insert("source_silences", encode_rows(rows))


def agreements(contracts: Contracts) -> dict[Pair, timedelta]:
    """After how long each source is silent, as a whole and by event type; a minute at least, as traffic is kept."""
    agreed = {(name, ""): contract.silent_after for name, contract in contracts.sources.items()}
    for type_, event in contracts.events.items():
        agreed.update({(source, type_): after for source, after in event.silent_after.items()})
    return {pair: max(after, MINUTE) for pair, after in agreed.items() if after is not None}


def _silences(
    pair: Pair,
    allowed: timedelta,
    heard_at: datetime | None,
    open_: SourceSilence | None,
    spoken: Row | None,
    after: datetime,
    through: datetime,
) -> Iterator[SourceSilence]:
    """The silences of a pair that began or ended in (after, through]."""
    first_at: datetime | None = spoken["first_received_at"] if spoken else None
    if open_:
        if first_at:
            yield _ended(open_, first_at)
    elif heard_at:
        # What was agreed only now does not reach back to what was told already.
        since = max(heard_at + allowed, after)
        if since < first_at if first_at else since <= through:
            yield _silence(pair, heard_at, since, first_at)
    if spoken:
        for gone_at, back_at in spoken["gaps"]:
            yield _silence(pair, gone_at, gone_at + allowed, back_at)
        last_at: datetime = spoken["last_received_at"]
        if last_at + allowed <= through:
            yield _silence(pair, last_at, last_at + allowed, None)


def _silence(pair: Pair, heard_at: datetime, since: datetime, until: datetime | None) -> SourceSilence:
    return SourceSilence(pair[0], pair[1] or None, heard_at, since, until)


def _ended(silence: SourceSilence, until: datetime) -> SourceSilence:
    return SourceSilence(silence.source, silence.event_type, silence.heard_at, silence.since, until)


def _traffic(store: Store, agreed: Mapping[Pair, timedelta], after: datetime) -> list[Row]:
    params = {
        "after": after,
        "sources": [source for source, _ in agreed],
        "types": [type_ for _, type_ in agreed],
        "agreed_us": [allowed // _MICROSECOND for allowed in agreed.values()],
    }
    return store.rows("agreed_traffic", params)


def _read(store: Store, ending_after: datetime, through: datetime) -> list[SourceSilence]:
    rows = store.rows("source_silences", {"ending_after": ending_after, "through": through})
    return [
        SourceSilence(row["source"] or None, row["type"] or None, row["heard_at"], row["since"], row["ends_at"])
        for row in rows
    ]
