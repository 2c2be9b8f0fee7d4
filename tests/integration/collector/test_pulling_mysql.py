"""Rows of a real MariaDB become events, by ClickHouse's own client for MySQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.client import Store
from tests.engine import Engine
from tests.integration.collector.mariadb_server import (
    DATABASE,
    PASSWORD,
    USER,
    MariadbServer,
    mariadb,
    server_program,
)
from tests.integration.collector.pulls import MAP, Pulls

TABLE = (
    f"CREATE TABLE {DATABASE}.invoices (number varchar(20), updated_at timestamp(6) NULL, gross decimal(18, 2), "
    "note text, change_no bigint)"
)
# MySQL writes an instant in the zone of the session, which no client of it can choose here: numbers have none.
VIEW = (
    f"CREATE OR REPLACE VIEW {DATABASE}.invoices_by_number AS SELECT number, gross, "
    f"CAST(UNIX_TIMESTAMP(updated_at) * 1000 AS SIGNED) AS updated_ms FROM {DATABASE}.invoices"
)
ROWS = (
    f"INSERT INTO {DATABASE}.invoices VALUES ('I-1', '2026-10-25 00:30:00', 10.50, 'a ''quoted'' note', 1), "
    "('I-2', '2026-10-25 01:30:00.123456', 12345678901234.56, NULL, 2), ('I-3', NULL, 1, NULL, NULL)"
)


@pytest.fixture(scope="module")
def running() -> Iterator[MariadbServer]:
    program = server_program()
    if program is None:
        pytest.skip("MariaDB is not installed; apt-get install mariadb-server")
    with mariadb(program) as server:
        yield server


@pytest.fixture
def server(running: MariadbServer) -> MariadbServer:
    running.run(f"DROP TABLE IF EXISTS {DATABASE}.invoices", TABLE, VIEW, ROWS)
    return running


@pytest.fixture
def pulls(tmp_path: Path, embedded_store: Store, engine: Engine, server: MariadbServer) -> Pulls:
    made = Pulls(tmp_path, embedded_store, engine)
    made.environ["BILLING_PASSWORD"] = PASSWORD
    made.define(database(server))
    return made


def database(server: MariadbServer, table: str = "invoices") -> str:
    """The part of a definition that names the table."""
    where = f"host: 127.0.0.1, port: {server.port}, database: {DATABASE}, table: {table}"
    return f"mysql: {{{where}, user: {USER}, secret_env: BILLING_PASSWORD}}"


def test_rows_are_pulled_with_exact_amounts_and_instants(pulls: Pulls) -> None:
    assert pulls.told() == "2 accepted, 0 duplicates, 0 rejected"

    stored = [(row["occurred_at"].isoformat(), str(row["amount"])) for row in pulls.stored()]
    assert stored == [
        ("2026-10-25T00:30:00+00:00", "10.500000000"),
        ("2026-10-25T01:30:00.123456+00:00", "12345678901234.560000000"),
    ]
    assert pulls.stored()[0]["attributes"]["note"] == "a 'quoted' note"


def test_a_view_tells_instants_of_a_server_in_another_zone(pulls: Pulls, server: MariadbServer) -> None:
    text = MAP.replace("instant: updated_at", "integer: updated_ms, start: 0")
    pulls.define(
        database(server, "invoices_by_number"), text.replace("time: updated_at", "time: from_milliseconds(updated_ms)")
    )
    server.run("SET GLOBAL time_zone = '+02:00'")
    try:
        assert pulls.told() == "2 accepted, 0 duplicates, 0 rejected"
    finally:
        server.run("SET GLOBAL time_zone = '+00:00'")

    assert [row["occurred_at"].isoformat() for row in pulls.stored()] == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T01:30:00.123000+00:00",
    ]


def test_only_what_changed_since_is_pulled_again(pulls: Pulls, server: MariadbServer) -> None:
    pulls.outcome()
    server.run(f"INSERT INTO {DATABASE}.invoices VALUES ('I-4', '2026-10-25 02:00:00', 1, NULL, 4)")

    assert pulls.told() == "1 accepted, 1 duplicates, 0 rejected"
    assert pulls.told() == "0 accepted, 1 duplicates, 0 rejected"


def test_an_integer_can_be_the_watermark_and_columns_can_be_chosen(pulls: Pulls, server: MariadbServer) -> None:
    text = MAP.replace("instant: updated_at", "integer: change_no, start: 2")
    pulls.define(f"{database(server)}\ncolumns: [number, updated_at, gross]", text)

    assert pulls.told() == "1 accepted, 0 duplicates, 0 rejected"
    assert pulls.ids() == ["I-2"]
    assert sorted(pulls.stored()[0]["attributes"]) == ["change_no", "gross", "number", "updated_at"]


def test_a_wrong_password_is_told_without_it(pulls: Pulls) -> None:
    pulls.environ["BILLING_PASSWORD"] = "another-secret"

    told = pulls.told()

    assert f"Access denied for user '{USER}'@'" in told
    assert "another-secret" not in told


def test_a_table_that_is_not_there_is_told(pulls: Pulls, server: MariadbServer) -> None:
    pulls.define(database(server, "nothing"))

    assert "MySQL table `billing`.`nothing` doesn't exist" in pulls.told()
