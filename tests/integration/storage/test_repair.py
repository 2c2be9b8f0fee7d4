"""After a kill in the middle of an insert, an event that is there has its milestones again."""

from datetime import timedelta
from typing import Any

import pytest

from storage.client import Store
from storage.events import insert_events
from storage.repair import repair, repair_latest
from tests.builders import NOW, event_row
from tests.engine import Engine

Contents = list[dict[str, Any]]


def contents(engine: Engine, store: Store) -> Contents:
    return engine.select(store, "SELECT * FROM object_milestones ORDER BY ALL")


@pytest.fixture
def whole(store: Store, engine: Engine) -> Contents:
    """The milestones when nothing went wrong: two events, three objects, one of them in both."""
    first = event_row(
        "e-1",
        objects=["order/O-1", "customer/C-9/buyer"],
        amount="0.000000001",
        currency="EUR",
        attributes={"tier": 'the "gold" one'},
        received_at=NOW.replace(microsecond=1),
    )
    insert_events(store, [first, event_row("e-2", objects=["order/O-2", "customer/C-9"])])
    return contents(engine, store)


def test_nothing_is_written_where_nothing_is_missing(store: Store, engine: Engine, whole: Contents) -> None:
    repair(store, NOW)

    assert contents(engine, store) == whole


def test_what_is_missing_is_written_from_the_event_once(store: Store, engine: Engine, whole: Contents) -> None:
    store.execute("TRUNCATE TABLE object_milestones")

    for _ in range(2):
        repair_latest(store)

        assert contents(engine, store) == whole


def test_one_missing_object_of_an_event_is_enough(store: Store, engine: Engine, whole: Contents) -> None:
    store.execute("ALTER TABLE object_milestones DELETE WHERE object_id = 'O-1' SETTINGS mutations_sync = 1")

    repair(store, NOW)

    assert contents(engine, store) == whole


def test_an_event_that_names_an_object_twice_lacks_nothing_once_its_milestones_are_merged(
    store: Store, engine: Engine
) -> None:
    insert_events(store, [event_row("e-1", objects=["customer/C-9/buyer", "customer/C-9/payer"])])
    store.execute("OPTIMIZE TABLE object_milestones FINAL")
    merged = contents(engine, store)
    assert len(merged) == 1

    repair(store, NOW)

    assert contents(engine, store) == merged


@pytest.mark.usefixtures("whole")
def test_events_received_before_are_left_alone(store: Store, engine: Engine) -> None:
    store.execute("TRUNCATE TABLE object_milestones")

    repair(store, NOW + timedelta(seconds=1))

    assert contents(engine, store) == []


def test_more_groups_than_one_statement_takes_are_all_made_whole(store: Store, engine: Engine) -> None:
    many = [
        event_row(f"e-{number}", objects=[f"order/O-{number}"], received_at=NOW + timedelta(microseconds=number))
        for number in range(2_100)
    ]
    insert_events(store, many)
    written = contents(engine, store)
    store.execute("TRUNCATE TABLE object_milestones")

    repair_latest(store)

    assert contents(engine, store) == written
