"""A server backs itself up: the statement that is issued is one that it reads, and what it answers is told."""

import pytest

from domain.errors import StoreError, UsageError
from storage.client import Store
from storage.server_backup import back_up_database, restore_database
from storage.sql_files import load_query
from tests.clickhouse_endpoint import ClickHouseEndpoint
from tests.engine import Engine

PLACE = "Disk('backups', 'milepost.zip')"
FRAGMENTS = {"database": "milepost", "cluster": "ON CLUSTER revenue", "place": PLACE, "run": "'r'"}


def test_the_statements_are_read_by_the_engine(embedded_store: Store, engine: Engine) -> None:
    for query in ("backup_database", "restore_database"):
        text = load_query(query).render({}, FRAGMENTS).replace("'", "''")
        written = engine.select(embedded_store, f"SELECT formatQuerySingleLine('{text}') AS text")[0]["text"]
        assert f"DATABASE milepost ON CLUSTER revenue {'TO' if query[0] == 'b' else 'FROM'} {PLACE}" in written


@pytest.mark.parametrize("act", [back_up_database, restore_database])
def test_a_server_that_may_not_write_there_says_why(
    act: object, endpoint: ClickHouseEndpoint, migrated_database: str
) -> None:
    with Store(endpoint.dsn(migrated_database)) as store, pytest.raises(StoreError) as refusal:
        act(store, PLACE, lambda _: None)  # type: ignore[operator]
    assert "'backups.allowed_disk' configuration parameter is not set" in str(refusal.value)


def test_a_place_that_a_server_does_not_know_is_refused(server_store: Store) -> None:
    with pytest.raises(UsageError) as refusal:
        back_up_database(server_store, "S3('https://bucket', 'key', 'secret')")
    assert str(refusal.value) == (
        "\"S3('https://bucket', 'key', 'secret')\" is no place on a ClickHouse server; give "
        "Disk('backups', 'milepost-2026-11-30.zip') or File('milepost-2026-11-30.zip')"
    )
