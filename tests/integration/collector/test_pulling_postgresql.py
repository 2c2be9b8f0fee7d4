"""Rows of a real PostgreSQL become events, by ClickHouse's own client for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.client import Store
from tests.engine import Engine
from tests.integration.collector.postgresql_server import (
    PASSWORD,
    USER,
    PostgresqlServer,
    postgresql,
    programs,
)
from tests.integration.collector.pulls import MAP, Pulls

TABLE = "CREATE TABLE invoices (number text, updated_at timestamptz, gross numeric(18, 2), note text, change_no bigint)"
ROWS = (
    "INSERT INTO invoices VALUES ('I-1', '2026-10-25T00:30:00Z', 10.50, 'a ''quoted'' note', 1), "
    "('I-2', '2026-10-25T01:30:00.123456Z', 12345678901234.56, NULL, 2), ('I-3', NULL, 1, NULL, NULL)"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresqlServer]:
    bin = programs()
    if bin is None:
        pytest.skip("PostgreSQL is not installed; apt-get install postgresql")
    with postgresql(bin) as server:
        yield server


@pytest.fixture
def server(cluster: PostgresqlServer) -> PostgresqlServer:
    cluster.run("DROP TABLE IF EXISTS invoices", TABLE, ROWS)
    return cluster


@pytest.fixture
def pulls(tmp_path: Path, embedded_store: Store, engine: Engine, server: PostgresqlServer) -> Pulls:
    made = Pulls(tmp_path, embedded_store, engine)
    made.environ["BILLING_PASSWORD"] = PASSWORD
    made.define(database(server))
    return made


def database(server: PostgresqlServer, table: str = "invoices") -> str:
    """The part of a definition that names the table."""
    where = f"host: 127.0.0.1, port: {server.port}, database: postgres, table: {table}"
    return f"postgresql: {{{where}, user: {USER}, secret_env: BILLING_PASSWORD}}"


def test_rows_are_pulled_with_exact_amounts_and_instants_through_the_repeated_hour_of_autumn(pulls: Pulls) -> None:
    assert pulls.told() == "2 accepted, 0 duplicates, 0 rejected"

    stored = [(row["occurred_at"].isoformat(), str(row["amount"])) for row in pulls.stored()]
    assert stored == [
        ("2026-10-25T00:30:00+00:00", "10.500000000"),
        ("2026-10-25T01:30:00.123456+00:00", "12345678901234.560000000"),
    ]
    assert pulls.stored()[0]["attributes"]["note"] == "a 'quoted' note"


def test_only_what_changed_since_is_pulled_again(pulls: Pulls, server: PostgresqlServer) -> None:
    pulls.outcome()
    server.run("INSERT INTO invoices VALUES ('I-4', '2026-10-25T02:00:00Z', 1, NULL, 4)")

    assert pulls.told() == "1 accepted, 1 duplicates, 0 rejected"
    assert pulls.told() == "0 accepted, 1 duplicates, 0 rejected"


def test_an_integer_can_be_the_watermark_and_columns_can_be_chosen(pulls: Pulls, server: PostgresqlServer) -> None:
    text = MAP.replace("instant: updated_at", "integer: change_no, start: 2")
    pulls.define(f"{database(server)}\ncolumns: [number, updated_at, gross]", text)

    assert pulls.told() == "1 accepted, 0 duplicates, 0 rejected"
    assert pulls.ids() == ["I-2"]
    assert sorted(pulls.stored()[0]["attributes"]) == ["change_no", "gross", "number", "updated_at"]


def test_a_wrong_password_is_told_without_it(pulls: Pulls) -> None:
    pulls.environ["BILLING_PASSWORD"] = "another-secret"

    told = pulls.told()

    assert f'password authentication failed for user "{USER}"' in told
    assert "another-secret" not in told


def test_a_table_that_is_not_there_is_told(pulls: Pulls, server: PostgresqlServer) -> None:
    pulls.define(database(server, "nothing"))

    assert 'PostgreSQL table "public"."nothing" does not exist' in pulls.told()
