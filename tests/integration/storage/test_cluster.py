"""What the migrations become on a cluster is parsed, and as far as one engine can, run.

There is no second server here and no Keeper: each replicated engine is taken as the plain one that it replicates, and
a Distributed table as an alias of the local one, as it is with one shard. What that leaves open: DECISIONS.md, 103.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.errors import StoreError
from storage.client import Store
from storage.cluster_ddl import Cluster, client_settings
from storage.events import insert_events
from storage.migrator import load_migrations
from storage.repair import repair_latest
from tests.builders import NOW, event_row
from tests.clickhouse_endpoint import ClickHouseEndpoint
from tests.cluster_files import rendered
from tests.engine import Engine

DATABASE = "on_cluster"
_REPLICATED = re.compile(r"ENGINE = Replicated(\w+)\('[^']+', '[^']+'(?:, )?")
_DISTRIBUTED = re.compile(rf" AS {DATABASE}\.\w+\nENGINE = Distributed\(revenue, {DATABASE}, (\w+), .*\)")


def on_one_server(statement: str) -> str:
    """The statement without what needs other servers."""
    text = statement.replace(" ON CLUSTER revenue", "").replace(" replicated_dedup", " non_replicated_dedup")
    text = re.sub(r" non_replicated_deduplication_window_seconds = \d+,", "", text)
    text = _REPLICATED.sub(r"ENGINE = \1(", text)
    return _DISTRIBUTED.sub(rf" ENGINE = Alias('{DATABASE}', '\1')", text)


@pytest.fixture(scope="module")
def one_shard(engine: Engine, endpoint: ClickHouseEndpoint) -> Iterator[Store]:
    """A store with the tables of a cluster of one shard, asked with the settings of a cluster."""
    cluster = Cluster("revenue", DATABASE)
    with Store(engine.dsn(DATABASE)) as plain:
        for migration in load_migrations():
            for statement in cluster.statements(migration.name, migration.statement):
                plain.execute(on_one_server(statement))
    with Store(endpoint.dsn(DATABASE), cluster="revenue", asks_now=False) as store:
        yield store
    engine.drop(DATABASE)


def test_the_engine_parses_every_rendered_statement(engine: Engine, embedded_store: Store) -> None:
    for name, statement in rendered():
        assert engine.select(embedded_store, f"EXPLAIN AST {statement}"), name
        assert engine.select(embedded_store, "SELECT formatQuerySingleLine($milepost$" + statement + "$milepost$)"), (
            name
        )


def test_the_engine_knows_every_setting_of_a_cluster(engine: Engine, embedded_store: Store) -> None:
    known = {row["name"] for row in engine.select(embedded_store, "SELECT name FROM system.settings")}

    assert client_settings().keys() <= known


def test_what_comes_in_reaches_the_tables_that_are_read(one_shard: Store, engine: Engine) -> None:
    events = [event_row(event_id=f"e-{number}", objects=["order/O-1"]) for number in range(3)]
    insert_events(one_shard, events)
    insert_events(one_shard, events)
    repair_latest(one_shard)

    counted = "SELECT (SELECT count() FROM {} FINAL) AS found"
    for table in ("events", "events_local", "object_milestones"):
        assert engine.select(one_shard, counted.format(table)) == [{"found": 3}], table


def test_a_trace_is_noted_beside_its_spans(one_shard: Store, engine: Engine) -> None:
    at = NOW - timedelta(seconds=1)
    one_shard.insert_columns("otel_traces", {"TraceId": ["t-1", "t-1"], "SpanId": ["a", "b"], "Timestamp": [at, NOW]})

    ends = "SELECT TraceId, min(Start) AS begins, max(End) AS ends FROM {} GROUP BY TraceId"
    expected = [{"TraceId": "t-1", "begins": at.replace(microsecond=0), "ends": NOW.replace(microsecond=0)}]
    assert engine.select(one_shard, ends.format("otel_traces_trace_id_ts")) == expected
    assert engine.select(one_shard, ends.format("otel_traces_trace_id_ts_local")) == expected


def test_a_start_waits_for_no_replica_where_the_database_is_there(
    one_shard: Store, endpoint: ClickHouseEndpoint, engine: Engine
) -> None:
    with Store(endpoint.dsn(DATABASE), cluster="revenue") as store:
        store.make_database()

        assert engine.select(store, "SELECT currentDatabase() AS name") == [{"name": DATABASE}]


def test_a_database_that_is_not_there_is_made_on_every_replica(endpoint: ClickHouseEndpoint) -> None:
    with pytest.raises(StoreError) as raised:
        Store(endpoint.dsn("elsewhere"), cluster="revenue")

    # The engine of the tests has no cluster, so it says what it was asked for.
    assert str(raised.value) == (
        f"the store at 127.0.0.1:{endpoint.server_port}/elsewhere refused: "
        "Code: 701. DB::Exception: Requested cluster 'revenue' not found. (CLUSTER_DOESNT_EXIST)"
    )
