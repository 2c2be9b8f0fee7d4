"""Silences of sources as ticks note them, against a plain reading of what was received when."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.contract import Contracts, EventContract, SourceContract
from domain.instants import EPOCH
from domain.source_silence import SourceSilence
from storage.client import Store
from storage.events import insert_events
from storage.source_silences import note_absence, note_sources, read_silences
from tests.builders import NOW, event_row
from tests.engine import Engine

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
END = NOW + 120 * MINUTE
AGREED = {("erp", None): 5 * MINUTE, ("erp", "order.posted"): 9 * MINUTE, ("crm", None): 3 * MINUTE}
CONTRACTS = Contracts(
    events={
        "order.posted": EventContract(
            "order.posted", 1, "finance", "order", ("erp",), silent_after={"erp": AGREED["erp", "order.posted"]}
        )
    },
    sources={
        "erp": SourceContract("erp", silent_after=AGREED["erp", None]),
        "crm": SourceContract("crm", silent_after=AGREED["crm", None]),
        "billing": SourceContract("billing"),
    },
)
# Seconds after NOW, source, type: often within one minute, sometimes exactly the agreed time apart.
RECEIPTS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 100).map(lambda minute: 60 * minute), st.integers(0, 6000)),
        st.sampled_from(["erp", "crm", "billing"]),
        st.sampled_from(["order.posted", "order.approved"]),
    ),
    max_size=25,
)
Receipt = tuple[int, str, str]


def plainly(receipts: Sequence[Receipt], through: datetime) -> Iterator[SourceSilence]:
    """The silences that receipts show, pair by pair."""
    for (source, type_), agreed in AGREED.items():
        heard = [NOW + s * SECOND for s, by, of in receipts if by == source and type_ in (None, of)]
        known = sorted(instant for instant in heard if instant <= through)
        for heard_at, next_at in itertools.pairwise([*known, None]):
            if heard_at and heard_at + agreed <= through and (next_at is None or next_at > heard_at + agreed):
                yield SourceSilence(source, type_, heard_at, heard_at + agreed, next_at)


def in_order(silences: Sequence[SourceSilence]) -> list[SourceSilence]:
    return sorted(silences, key=lambda one: (one.source or "", one.event_type or "", one.since))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECEIPTS, st.lists(st.integers(1, 50 * 60), max_size=6), st.lists(st.integers(0, 5), max_size=3))
def test_any_schedule_of_ticks_notes_the_silences_that_receipts_show(
    engine: Engine, embedded_store: Store, receipts: list[Receipt], gaps: list[int], broken_off: list[int]
) -> None:
    engine.clear(embedded_store.database)
    rows = [
        event_row(str(number), type_, source=source, received_at=NOW + seconds * SECOND)
        for number, (seconds, source, type_) in enumerate(receipts)
    ]
    if rows:
        insert_events(embedded_store, rows)
    after = EPOCH
    for number, seconds in enumerate([*itertools.accumulate(gaps), 120 * 60]):
        through = min(NOW + seconds * SECOND, END)
        if number in broken_off:
            # Broken off before the watermark was written, and then repeated from where it began.
            note_sources(embedded_store, CONTRACTS, after, max(through - MINUTE, after))
        note_sources(embedded_store, CONTRACTS, after, through)
        after = through
        found = read_silences(embedded_store, CONTRACTS, EPOCH, through).all
        assert in_order(found) == in_order(list(plainly(receipts, through)))


def erp_at(*minutes: int) -> list[Receipt]:
    return [(60 * minute, "erp", "order.posted") for minute in minutes]


def store_receipts(store: Store, receipts: Sequence[Receipt]) -> None:
    insert_events(
        store,
        [
            event_row(f"{s}-{source}", type_, source=source, received_at=NOW + s * SECOND)
            for s, source, type_ in receipts
        ],
    )


def test_what_is_agreed_later_does_not_reach_back(store: Store) -> None:
    store_receipts(store, erp_at(0))
    note_sources(store, Contracts(), EPOCH, NOW + 60 * MINUTE)
    assert read_silences(store, CONTRACTS, EPOCH, NOW + 60 * MINUTE).all == []

    note_sources(store, CONTRACTS, NOW + 60 * MINUTE, NOW + 61 * MINUTE)

    [whole, of_type] = read_silences(store, CONTRACTS, EPOCH, NOW + 61 * MINUTE).all
    assert (whole.event_type, whole.since, whole.until) == (None, NOW + 60 * MINUTE, None)
    assert (of_type.event_type, of_type.since, of_type.until) == ("order.posted", NOW + 60 * MINUTE, None)


def test_a_silence_ends_when_nothing_is_agreed_any_more(store: Store) -> None:
    store_receipts(store, erp_at(0))
    note_sources(store, CONTRACTS, EPOCH, NOW + 30 * MINUTE)

    note_sources(store, Contracts(), NOW + 30 * MINUTE, NOW + 31 * MINUTE)

    silences = read_silences(store, CONTRACTS, EPOCH, NOW + 31 * MINUTE).all
    assert [one.until for one in silences] == [NOW + 31 * MINUTE] * 2


def test_who_never_spoke_is_not_silent(store: Store) -> None:
    note_sources(store, CONTRACTS, EPOCH, NOW)

    assert read_silences(store, CONTRACTS, EPOCH, NOW).all == []


def test_only_silences_that_bear_on_the_time_are_read_and_those_that_bear_on_them(store: Store) -> None:
    store_receipts(store, erp_at(0, 10, 11, 17, 60))
    note_sources(store, Contracts(sources=CONTRACTS.sources), EPOCH, NOW + 65 * MINUTE)

    silences = read_silences(store, CONTRACTS, NOW + 21 * MINUTE, NOW + 40 * MINUTE).all

    # That from minute 16 to 17 ended within the grace; that from 5 to 10 more than the grace before it began.
    assert [(one.since, one.until) for one in silences] == [
        (NOW + 16 * MINUTE, NOW + 17 * MINUTE),
        (NOW + 22 * MINUTE, None),
    ]


def test_milepost_itself_may_have_been_away(store: Store) -> None:
    note_absence(store, NOW, NOW + MINUTE)

    assert read_silences(store, CONTRACTS, NOW, NOW + 2 * MINUTE).all == [
        SourceSilence(None, None, NOW, NOW, NOW + MINUTE)
    ]
