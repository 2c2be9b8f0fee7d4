"""Histories as the store reads them: the same as a plain reading of the arrivals, in parts of any size."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.instants import LATEST
from domain.milestone import Milestone
from storage.client import Store
from storage.events import insert_events
from storage.milestones import (
    Duty,
    Stretch,
    Touched,
    Watch,
    histories_as_received,
    histories_at,
    stretches,
    touched_stretches,
)
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.rules.arrivals import CONDITIONS, Log, logs
from tests.unit.rules.histories import START
from tests.unit.rules.reference import TICK

HOUR = timedelta(hours=1)
NEVER_QUIET = timedelta(microseconds=-1)
TYPES = ("approved", "posted")


def watch(quiet_for: timedelta = NEVER_QUIET, conditions: Sequence[str] = ()) -> Watch:
    """Watches orders from approved to posted; every one that was approved, unless it may be quiet."""
    return Watch("order", TYPES, [Duty(*TYPES, quiet_for)], {text: text for text in conditions})


def all_at(store: Store, known_at: datetime | None = None, rows: int = 1000) -> dict[str, list[Milestone]]:
    return {
        object_id: history
        for stretch in stretches(store, "order", rows)
        for object_id, history in histories_at(store, watch(conditions=list(CONDITIONS)), stretch, known_at)
    }


def plain(log: Log, object_id: str, milestones: Sequence[Milestone]) -> list[Milestone]:
    """Those that are watched, of an object that was approved."""
    found = [milestone for milestone in milestones if milestone.type in TYPES]
    return found if any(milestone.type == "approved" for milestone in found) else []


def in_order(history: Sequence[Milestone]) -> list[Milestone]:
    return sorted(history, key=lambda milestone: (milestone.order, milestone.received_at))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    logs(),
    st.none() | st.integers(0, 60 * 12).map(lambda ticks: START + ticks * TICK),
    st.integers(1, 30),
    st.randoms(use_true_random=False),
)
def test_histories_are_what_arrived_whatever_the_order_the_repetition_and_the_parts(
    engine: Engine, embedded_store: Store, log: Log, known_at: datetime | None, rows: int, shuffler: random.Random
) -> None:
    engine.clear(embedded_store.database)
    arrived = [*(arrival.row() for arrival in log.arrivals), *(arrival.row(later=HOUR) for arrival in log.arrivals)]
    shuffler.shuffle(arrived)
    insert_events(embedded_store, arrived)

    found = all_at(embedded_store, known_at, rows)
    as_received = {
        object_id: in_order(history)
        for object_id, history in histories_as_received(
            embedded_store, watch(conditions=list(CONDITIONS)), Stretch("order"), known_at or LATEST
        )
    }

    known = {object_id: log.known(object_id, known_at or LATEST) for object_id in log.by_object}
    assert found == {id_: kept for id_, history in known.items() if (kept := plain(log, id_, history))}
    received = {
        object_id: [row for row in log.as_received(object_id) if row.received_at <= (known_at or LATEST)]
        for object_id in log.by_object
    }
    assert as_received == {
        id_: in_order(kept) for id_, history in received.items() if (kept := plain(log, id_, history))
    }


def test_an_identity_with_other_content_that_slipped_past_the_door_does_not_count(store: Store) -> None:
    first = event_row("1", "approved", amount="10", currency="EUR")
    other = event_row("1", "posted", occurred_at=NOW - HOUR, received_at=NOW + HOUR, amount="99", currency="USD")
    insert_events(store, [other])
    insert_events(store, [first, event_row("2", "noted", occurred_at=NOW - HOUR, amount="1", currency="EUR")])

    [(object_id, [milestone])] = histories_as_received(store, watch(), Stretch("order"), LATEST)

    assert (object_id, milestone.type, milestone.occurred_at) == ("O-1001", "approved", NOW)
    assert (milestone.facts.amount, milestone.facts.currency) == (Decimal(10), "EUR")


@pytest.mark.parametrize(
    ("posted_after", "received_after", "is_read"),
    [
        pytest.param(HOUR, HOUR, False, id="in time is left out"),
        pytest.param(HOUR + timedelta(microseconds=1), HOUR, True, id="a microsecond late is read"),
        pytest.param(-timedelta(microseconds=1), HOUR, True, id="before the start is read"),
        pytest.param(
            HOUR, HOUR + timedelta(microseconds=1), True, id="in time but received a microsecond late is read"
        ),
    ],
)
def test_objects_that_surely_gave_no_rule_anything_to_say_are_left_out(
    store: Store, posted_after: timedelta, received_after: timedelta, is_read: bool
) -> None:
    posted = event_row("2", "posted", occurred_at=NOW + posted_after, received_at=NOW + received_after)
    insert_events(store, [event_row("1", "approved"), posted])

    found = [object_id for object_id, _ in histories_as_received(store, watch(HOUR), Stretch("order"), LATEST)]

    assert found == (["O-1001"] if is_read else [])


def test_what_was_received_when_is_nothing_to_a_reading_of_what_is_known_now(store: Store) -> None:
    posted = event_row("2", "posted", occurred_at=NOW + HOUR, received_at=NOW + 9 * HOUR)
    insert_events(store, [event_row("1", "approved"), posted])

    assert list(histories_at(store, watch(HOUR), Stretch("order"), None)) == []
    assert len(list(histories_at(store, watch(HOUR), Stretch("order"), NOW + 8 * HOUR))) == 1


def test_one_start_without_its_end_is_enough_to_be_read(store: Store) -> None:
    starts = [event_row(f"{number}", "approved", occurred_at=NOW + number * HOUR) for number in (0, 5)]
    insert_events(store, [*starts, event_row("p", "posted", occurred_at=NOW)])

    assert len(list(histories_at(store, watch(HOUR), Stretch("order"), None))) == 1


def test_only_touched_objects_are_read(store: Store) -> None:
    ids = [f"O-{number}" for number in range(9)]
    rows = [
        event_row(f"{number}", "approved", [f"order/{id_}"], occurred_at=NOW, received_at=NOW + number * HOUR)
        for number, id_ in enumerate(ids)
    ]
    insert_events(store, rows)
    touched = Touched(NOW + 2 * HOUR, NOW + 5 * HOUR)

    count, parts = touched_stretches(store, touched, 2)
    found = [
        object_id
        for stretch in parts
        for object_id, _ in histories_as_received(store, watch(), stretch, touched.through, touched)
    ]

    assert (count, found) == (3, ["O-3", "O-4", "O-5"])
    assert parts == [Stretch("order", "", "O-4"), Stretch("order", "O-4", "")]


def test_ids_and_texts_may_hold_any_characters(store: Store) -> None:
    odd = ["'", '"', "\\", "a\tb", "a\nb", "\\n", "a,b", "[']", "Ünï", "\N{GRINNING FACE}", "{x:String}", "%s", " "]
    late = [
        event_row(f"q-{id_}", "quoted", [f"order/{id_}"], occurred_at=NOW - HOUR, received_at=NOW + HOUR, region=id_)
        for id_ in odd
    ]
    insert_events(store, [*(event_row(id_, "approved", [f"order/{id_}"], attributes={id_: id_}) for id_ in odd), *late])

    found = all_at(store, rows=1)
    parts = touched_stretches(store, Touched(NOW, NOW + HOUR), 1)[1]
    amended = {
        object_id: history
        for stretch in parts
        for object_id, history in histories_as_received(store, watch(conditions=list(CONDITIONS)), stretch, LATEST)
    }

    assert {id_: [(m.event_id, m.facts.region, m.facts.attributes) for m in found[id_]] for id_ in odd} == {
        id_: [(id_, id_, {id_: id_})] for id_ in odd
    }
    assert {id_: [m.facts.region for m in amended[id_]] for id_ in odd} == {id_: [None, id_] for id_ in odd}
