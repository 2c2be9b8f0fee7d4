"""One set of migrations makes the tables of one server and those of a cluster; what is not understood is refused."""

import re

import pytest

from domain.errors import ConfigError, MigrationError
from milepost.settings import load_settings
from storage.client import Store
from storage.cluster_ddl import SHARDED, Cluster
from storage.migrator import load_migrations, pending, statements
from storage.sql_files import QUERIES
from tests.cluster_files import CLUSTER, GOLDEN, golden_text, rendered

COLUMNS = "(id String, at DateTime64(6, 'UTC') COMMENT 'a ) in text')"


def test_the_file_of_rendered_migrations_is_up_to_date() -> None:
    assert GOLDEN.read_text(encoding="utf-8") == golden_text(), "run: .venv/bin/python -m tests.cluster_files"


def test_without_a_cluster_a_statement_is_run_as_it_is() -> None:
    assert statements(None, "0001_one", "-- One.\nSELECT 1") == ["-- One.\nSELECT 1"]


def test_a_table_is_replicated_whole_to_every_replica() -> None:
    text = f"-- Why.\nCREATE TABLE IF NOT EXISTS one\n{COLUMNS}\nENGINE = ReplacingMergeTree(at, id)\nORDER BY id"

    assert CLUSTER.statements("0001_one", text) == [
        f"CREATE TABLE IF NOT EXISTS one ON CLUSTER revenue\n{COLUMNS}\n"
        "ENGINE = ReplicatedReplacingMergeTree("
        "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', at, id)\n"
        "ORDER BY id"
    ]


def test_a_sharded_table_lies_behind_a_distributed_one_of_its_name() -> None:
    text = "CREATE TABLE IF NOT EXISTS events (id String) ENGINE = MergeTree ORDER BY id"

    assert CLUSTER.statements("0001_events", text) == [
        "CREATE TABLE IF NOT EXISTS events_local ON CLUSTER revenue\n(id String)\n"
        "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}') ORDER BY id",
        "CREATE TABLE IF NOT EXISTS events ON CLUSTER revenue AS milepost.events_local\n"
        "ENGINE = Distributed(revenue, milepost, events_local, cityHash64(source, event_id))",
    ]


def test_a_table_that_only_views_read_stays_as_it_is_on_every_replica() -> None:
    text = "CREATE TABLE IF NOT EXISTS input (id String) ENGINE = Null"

    assert CLUSTER.statements("0001_input", text) == [
        "CREATE TABLE IF NOT EXISTS input ON CLUSTER revenue\n(id String)\nENGINE = Null"
    ]


def test_no_statement_changes_rows_of_a_sharded_table_which_a_distributed_one_refuses() -> None:
    changes = re.compile(
        r"\b(?:DELETE FROM|ALTER TABLE|TRUNCATE TABLE|OPTIMIZE TABLE|UPDATE)\s+(?:IF EXISTS\s+)?`?(\w+)"
    )
    changed = {table for path in QUERIES.glob("*.sql") for table in changes.findall(path.read_text(encoding="utf-8"))}

    assert "object_milestones" in changed
    assert not changed & SHARDED.keys()


def test_a_column_is_added_on_the_shards_first_and_then_to_what_is_in_front_of_them() -> None:
    assert CLUSTER.statements("0001_more", "ALTER TABLE events ADD COLUMN IF NOT EXISTS more String") == [
        "ALTER TABLE events_local ON CLUSTER revenue ADD COLUMN IF NOT EXISTS more String",
        "ALTER TABLE events ON CLUSTER revenue ADD COLUMN IF NOT EXISTS more String",
    ]


def test_a_setting_or_an_index_concerns_the_shards_alone() -> None:
    for change in ("MODIFY SETTING merge_selector_base = 30, x = 1", "ADD INDEX IF NOT EXISTS i at TYPE minmax"):
        assert CLUSTER.statements("0001_more", f"ALTER TABLE events {change}") == [
            f"ALTER TABLE events_local ON CLUSTER revenue {change}"
        ]


def test_a_window_of_given_tokens_is_kept_by_replicas_too() -> None:
    audit = "".join(text for name, text in rendered() if name == "0068_audit_log")

    assert (
        "SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 3153600000,"
        in audit
    )
    assert "non_replicated" not in audit


def test_every_statement_but_inserts_reaches_every_replica() -> None:
    alone = [name for name, text in rendered() if "ON CLUSTER revenue" not in text]

    assert alone == ["0062_earlier_dead_letter_mentions"]


def test_no_statement_asks_a_sharded_table_for_what_only_a_whole_one_can_give() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in QUERIES.glob("*.sql")}

    # Each shard would call rows unmatched whose match lies on another one.
    assert [name for name, text in texts.items() if re.search(r"\b(RIGHT|FULL)\b[\w ]*\bJOIN\b", text)] == []
    of_one_table = r"(?:TRUNCATE TABLE (\w+)|mergeTreeIndex\(currentDatabase\(\), '(\w+)'\))"
    named = {name for text in texts.values() for pair in re.findall(of_one_table, text) for name in pair if name}
    assert "object_milestones" in named
    assert named & SHARDED.keys() == set()


def test_every_sharded_table_is_one_of_the_migrations() -> None:
    made = set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", "".join(one.statement for one in load_migrations())))

    assert SHARDED.keys() <= made


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("OPTIMIZE TABLE one", "'OPTIMIZE TABLE one' is no statement it knows", id="another statement"),
        pytest.param(
            "CREATE TABLE one (x Int8) ENGINE = Null",
            "'CREATE TABLE one (x Int8) ENGINE = Null' is no statement it knows",
            id="a table that is not made twice without harm",
        ),
        pytest.param(
            "CREATE TABLE IF NOT EXISTS one (x Int8) ENGINE = Log",
            "table one has the engine Log; MergeTree, ReplacingMergeTree, AggregatingMergeTree and Null are known",
            id="another engine",
        ),
        pytest.param(
            "CREATE TABLE IF NOT EXISTS one (x Int8) ORDER BY x",
            "table one has no ENGINE behind its columns",
            id="no engine",
        ),
        pytest.param(
            "CREATE TABLE IF NOT EXISTS one (x Int8) ENGINE = MergeTree COMMENT 'x' ORDER BY x",
            "table one has \"COMMENT 'x' ORDER BY x\" behind its engine",
            id="another clause",
        ),
        pytest.param("CREATE TABLE IF NOT EXISTS one (x Int8", "a bracket is not closed", id="an open bracket"),
        pytest.param("SELECT 'x", "a ' is not closed", id="an open quote"),
        pytest.param("SELECT 1; SELECT 2", "'; SELECT 2' stands amid the statement", id="two statements"),
        pytest.param("ALTER TABLE one DROP COLUMN x", "table one is altered by 'DROP COLUMN x'", id="another change"),
        pytest.param(
            "ALTER TABLE one ADD COLUMN IF NOT EXISTS x Int8, MODIFY SETTING y = 1",
            "table one is altered in several ways at once: ADD COLUMN IF NOT EXISTS, MODIFY SETTING",
            id="two kinds of change",
        ),
        pytest.param(
            "CREATE MATERIALIZED VIEW IF NOT EXISTS v TO one AS SELECT x FROM a JOIN b USING x",
            "view v reads more than one table",
            id="a view over two tables",
        ),
        pytest.param(
            "CREATE MATERIALIZED VIEW IF NOT EXISTS v TO one AS SELECT x FROM events",
            "view v goes from events to one, which are not spread by one key",
            id="a view from a shard to everywhere",
        ),
    ],
)
def test_what_is_not_understood_is_refused(text: str, problem: str) -> None:
    with pytest.raises(MigrationError) as refusal:
        CLUSTER.statements("0099_new", text)
    assert str(refusal.value) == (
        f"migration 0099_new cannot be put on a cluster: {problem}; storage/cluster_ddl.py has to learn it"
    )


class StoreOf:
    """A store whose records are kept by an engine."""

    where = "db:8123/milepost"

    def __init__(self, engine: str, cluster: Cluster | None, version: str = "26.9.6.6") -> None:
        self._record = {"found": True, "engine": engine, "server_version": version}
        self.cluster = cluster

    def rows(self, query: str) -> list[dict[str, object]]:
        """What is there: the record, and nothing applied."""
        return [self._record] if query == "has_schema_migrations" else []


def _pending(engine: str, cluster: Cluster | None) -> object:
    return pending(StoreOf(engine, cluster), [])  # type: ignore[arg-type]


def test_a_store_of_one_server_does_not_become_half_a_cluster() -> None:
    with pytest.raises(MigrationError) as refusal:
        _pending("MergeTree", CLUSTER)
    assert str(refusal.value) == (
        "the store db:8123/milepost was made for one server, and MILEPOST_CLUSTER is revenue: its tables would not be "
        'replicated; give a new database and move the data (docs/operations.md, "One server to a cluster")'
    )


def test_a_cluster_is_not_migrated_as_one_server() -> None:
    with pytest.raises(MigrationError) as refusal:
        _pending("ReplicatedMergeTree", None)
    assert str(refusal.value) == (
        "the store db:8123/milepost was made for a cluster: set MILEPOST_CLUSTER to its name, or tables made from now "
        "on would stand on one server alone"
    )


def test_a_store_of_the_kind_that_is_set_is_taken() -> None:
    assert _pending("MergeTree", None) == []
    assert _pending("ReplicatedMergeTree", CLUSTER) == []


def test_a_server_that_is_too_old_is_refused_before_anything_is_made() -> None:
    with pytest.raises(MigrationError) as refusal:
        pending(StoreOf("MergeTree", None, "26.8.14.3"), [])  # type: ignore[arg-type]
    assert str(refusal.value) == "the store db:8123/milepost is ClickHouse 26.8.14.3; Milepost needs 26.9 or later"
    assert pending(StoreOf("MergeTree", None, "27.1.1.1"), []) == []  # type: ignore[arg-type]


def test_an_embedded_store_is_in_no_cluster() -> None:
    with pytest.raises(ConfigError) as refusal:
        Store("chdb:///nowhere", cluster="revenue")
    assert str(refusal.value) == (
        "MILEPOST_CLUSTER is revenue, and MILEPOST_STORE an embedded store; leave MILEPOST_CLUSTER out, or give "
        "clickhouse://user:password@host:8123/database"
    )


def test_what_cannot_name_a_cluster_is_refused() -> None:
    assert load_settings({"MILEPOST_CLUSTER": "revenue_1"}).cluster == "revenue_1"
    with pytest.raises(ConfigError) as refusal:
        load_settings({"MILEPOST_CLUSTER": "x; DROP"})
    assert str(refusal.value) == (
        "MILEPOST_CLUSTER is 'x; DROP': it cannot name a cluster; give letters, digits and _. The name of the "
        "ClickHouse cluster that the store is a replica of, as its remote_servers has it."
    )
