"""Of an event that two collectors took at once with other content, the row that was received later counts nowhere."""

from datetime import timedelta

import pytest

from domain.instants import EPOCH
from storage.client import Store
from storage.events import forget_milestones, insert_events, rows_of_events
from storage.freshness import note_traffic
from storage.repair import repair
from storage.runs import LinkRule, unsettled_links
from tests.builders import NOW, event_row
from tests.engine import Engine

pytestmark = pytest.mark.clickhouse_server
SECOND = timedelta(seconds=1)
RULE = LinkRule(("order", "invoice"), (), 20)
IDENTITY = "crm", "e-1"


@pytest.fixture
def store(server_store: Store) -> Store:
    """A server with both rows of an event, whose first is received a second earlier, and a milestone of the first."""
    insert_events(server_store, [event_row("e-1", objects=["order/a", "invoice/a"], received_at=NOW)])
    insert_events(server_store, [event_row("e-1", objects=["order/b", "invoice/c"], received_at=NOW + SECOND)])
    _, *others = rows_of_events(server_store, [IDENTITY])[IDENTITY]
    assert len(others) == 1
    forget_milestones(server_store, others)
    return server_store


def milestones(engine: Engine, store: Store) -> set[str]:
    return {row["object_id"] for row in engine.select(store, "SELECT object_id FROM object_milestones")}


def joined(store: Store, after: timedelta, through: timedelta) -> list[list[str]]:
    found = unsettled_links(store, NOW + after, NOW + through, RULE)
    return [sorted(f"{type_}/{id_}" for type_, id_ in zip(one.types, one.ids, strict=True)) for one in found]


def test_its_milestones_are_gone_and_no_repair_brings_them_back(store: Store, engine: Engine) -> None:
    kept = milestones(engine, store)

    repair(store, EPOCH)

    assert kept == {"a"}
    assert milestones(engine, store) == {"a"}


def test_a_repair_writes_those_of_the_first(store: Store, engine: Engine) -> None:
    store.execute("TRUNCATE TABLE object_milestones")

    repair(store, EPOCH)

    assert milestones(engine, store) == {"a"}


@pytest.mark.parametrize("after", [pytest.param(-SECOND, id="at once"), pytest.param(SECOND / 2, id="a look apart")])
def test_it_joins_no_objects(store: Store, after: timedelta) -> None:
    expected = [["invoice/a", "order/a"]] if after < timedelta(0) else []

    assert joined(store, after, 2 * SECOND) == expected


def test_events_of_their_own_join_as_ever(store: Store) -> None:
    insert_events(store, [event_row("e-2", objects=["order/b", "invoice/c"], received_at=NOW + SECOND)])

    assert joined(store, SECOND / 2, 2 * SECOND) == [["invoice/c", "order/b"]]


def test_it_is_no_traffic_though_the_first_was_counted_before(store: Store, engine: Engine) -> None:
    note_traffic(store, NOW - SECOND, NOW)
    note_traffic(store, NOW, NOW + SECOND)

    [row] = engine.select(store, "SELECT sum(events) AS events FROM source_traffic")
    assert row["events"] == 1


def test_milestones_of_more_rows_than_one_statement_takes_are_forgotten(store: Store, engine: Engine) -> None:
    ids = [f"e-{number}-{'x' * 100}" for number in range(1_000)]
    insert_events(store, [event_row(id_, objects=[f"order/{id_}"], received_at=NOW) for id_ in ids])
    rows = [row for some in rows_of_events(store, [("crm", id_) for id_ in ids]).values() for row in some]

    forget_milestones(store, rows[1:])

    assert len(rows) == len(ids)
    assert milestones(engine, store) == {"a", rows[0]["event_id"]}
