"""After a kill in the middle of an insert, an event that is there has its milestones and arrivals again."""

from datetime import timedelta
from typing import Any

import pytest

from storage.client import Store
from storage.events import insert_events
from storage.repair import Repaired, repair
from tests.builders import NOW, event_row
from tests.engine import Engine

TABLES = ("object_milestones", "arrivals")


def contents(engine: Engine, store: Store) -> dict[str, list[dict[str, Any]]]:
    return {table: engine.select(store, f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


@pytest.fixture
def whole(store: Store, engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """What the tables hold when nothing went wrong: two events, three objects, one of them in both."""
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


def test_nothing_is_written_where_nothing_is_missing(
    store: Store, engine: Engine, whole: dict[str, list[dict[str, Any]]]
) -> None:
    assert repair(store, NOW) == Repaired(milestones=0, arrivals=0)

    assert contents(engine, store) == whole


@pytest.mark.parametrize(
    ("lost", "repaired"),
    [
        pytest.param(["object_milestones"], Repaired(milestones=4, arrivals=0), id="milestones were lost"),
        pytest.param(["arrivals"], Repaired(milestones=0, arrivals=4), id="arrivals were lost"),
        pytest.param(TABLES, Repaired(milestones=4, arrivals=4), id="both were lost"),
    ],
)
def test_what_is_missing_is_written_from_the_event_once(
    store: Store,
    engine: Engine,
    whole: dict[str, list[dict[str, Any]]],
    lost: list[str],
    repaired: Repaired,
) -> None:
    for table in lost:
        store.execute(f"TRUNCATE TABLE {table}")

    assert repair(store, NOW) == repaired
    assert repair(store, NOW) == Repaired(milestones=0, arrivals=0)

    assert contents(engine, store) == whole


def test_one_missing_object_of_an_event_is_enough(
    store: Store, engine: Engine, whole: dict[str, list[dict[str, Any]]]
) -> None:
    store.execute("ALTER TABLE object_milestones DELETE WHERE object_id = 'O-1' SETTINGS mutations_sync = 1")

    assert repair(store, NOW) == Repaired(milestones=1, arrivals=0)

    assert contents(engine, store) == whole


@pytest.mark.usefixtures("whole")
def test_events_received_before_are_left_alone(store: Store) -> None:
    store.execute("TRUNCATE TABLE object_milestones")

    assert repair(store, NOW + timedelta(seconds=1)) == Repaired(milestones=0, arrivals=0)
