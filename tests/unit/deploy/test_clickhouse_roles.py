"""What ClickHouse grants to each part of Milepost is what its statements need: none is forgotten, none is too much."""

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection
from functools import cache

import pytest
import yaml

from tests.unit.deploy.compose_file import ROOT
from tests.unit.deploy.statement_reach import QUERIES, Symbol, changes_from, changes_of_queries, modules

ROLES = (ROOT / "deploy/clickhouse/roles.sql").read_text(encoding="utf-8")
ENTITY = (ROOT / "deploy/clickhouse/entity.sql").read_text(encoding="utf-8")
USERS = ROOT / "deploy/compose/clickhouse/users.d/milepost.xml"
MIGRATIONS = sorted((ROOT / "storage/migrations").glob("*.sql"))
PRIVILEGES = {"INSERT INTO": "INSERT", "DELETE FROM": "ALTER DELETE", "TRUNCATE TABLE": "TRUNCATE"}
SOURCES = {"postgresql": "POSTGRES", "mysql": "MYSQL", "s3": "S3", "url": "URL", "file": "FILE"}
# ClickHouse shows these to everybody, each the rows of what they may see.
OPEN_TABLES = {"one", "databases", "tables", "columns"}
# The console shows figures by what the keeping holds, and keeps none; nobody but the owner changes the schema.
NOT_OF_THE_CONSOLE = {Symbol("milepost.kpi_keeping", "KpiKeeping"), Symbol("storage.migrator", "migrate")}
CONSOLE = "milepost.roles.console"


@cache
def granted() -> dict[str, set[tuple[str, str]]]:
    """Of each role what it may do, and where."""
    found: dict[str, set[tuple[str, str]]] = {}
    for privileges, place, role in re.findall(r"^GRANT ([A-Z][\w, ]+) ON (\S+) TO (\w+);$", ROLES, re.MULTILINE):
        found.setdefault(role, set()).update((one, place) for one in privileges.split(", "))
    return found


def within_milepost(role: str, *privileges: str) -> set[tuple[str, str]]:
    """What of these privileges a role has on single tables."""
    return {(what, place.removeprefix("milepost.")) for what, place in granted()[role] if what in privileges}


def statements_of_queries() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("*.sql")))


def migrations() -> list[str]:
    """Every migration's statement without its header."""
    texts = [path.read_text(encoding="utf-8") for path in MIGRATIONS]
    return ["\n".join(line for line in text.splitlines() if not line.startswith("--")) for text in texts]


def read_by(text: str) -> set[str]:
    return set(re.findall(r"\b(?:FROM|JOIN) ([a-z]\w*)", text))


def with_tables_of_views(names: Collection[str]) -> set[str]:
    """The same, and what those of them that are views read: a view asks with the rights of who asks it."""
    pattern = re.compile(r"CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?(\w+) AS")
    views = {found[1]: read_by(text) for text in migrations() if (found := pattern.match(text))}
    return set(names).union(*(views.get(name, set()) for name in names))


def read_by_boards() -> set[str]:
    """The tables that Grafana's boards read, and those of its view of traces and log records."""
    texts = re.findall(r'"rawSql": ("(?:[^"\\]|\\.)*")', "\n".join(map(str, board_texts())))
    read = set().union(*(read_by(json.loads(text)) for text in texts))
    path = ROOT / "grafana/provisioning/datasources/milepost.yaml"
    [source, _] = yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    traces, logs = (source["jsonData"][part]["defaultTable"] for part in ("traces", "logs"))
    # With OpenTelemetry's tables the plugin looks in this one for when a trace was.
    return read | {traces, f"{traces}_trace_id_ts", logs}


def board_texts() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / "grafana/dashboards").glob("*.json"))]


def test_every_role_that_is_spoken_of_is_made() -> None:
    made = set(re.findall(r"^CREATE ROLE IF NOT EXISTS (\w+);$", ROLES, re.MULTILINE))
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = guide.partition("\n## Users and roles\n")[2].partition("\n## ")[0]

    assert set(re.findall(r"\bmilepost_\w+", ROLES + section)) == made
    assert {name for name in re.findall(r"\bmilepost_[a-z]+\b", ENTITY) if name != "milepost_entity"} <= made


def test_every_line_that_grants_is_read_by_these_tests() -> None:
    lines = [line for line in ROLES.splitlines() if line.startswith(("GRANT", "REVOKE"))]
    read = [line for line in lines if re.fullmatch(r"GRANT [A-Z][\w, ]+ ON \S+ TO \w+;", line)]

    assert set(lines) - set(read) == {"GRANT milepost_backup TO milepost_owner;"}


def test_collector_and_engine_may_change_what_their_statements_change() -> None:
    needed = {(PRIVILEGES[change], table) for change, table in changes_of_queries().values()}

    assert {("SELECT", "*"), ("INSERT", "*")} <= within_milepost("milepost_writer", "SELECT", "INSERT")
    changed = within_milepost("milepost_writer", "ALTER DELETE", "TRUNCATE")
    assert changed == {(privilege, table) for privilege, table in needed if privilege != "INSERT"}


def test_the_console_may_write_what_it_reaches_and_nothing_else() -> None:
    pages = [name for name in modules() if name.partition(".")[0] == "dashboard"]
    beginnings = [Symbol(name, defined) for name in [*pages, CONSOLE] for defined in modules()[name].defined]
    needed = {(PRIVILEGES[change], table) for change, table in changes_from(beginnings, NOT_OF_THE_CONSOLE)}

    assert ("INSERT", "silences") in needed
    assert ("INSERT", "access_tokens") not in needed
    assert within_milepost("milepost_console", "INSERT", "ALTER DELETE", "TRUNCATE") == needed
    assert ("SELECT", "milepost.*") in granted()["milepost_console"]


@pytest.mark.parametrize("role", ["milepost_writer", "compose"])
def test_every_table_function_of_a_pull_is_granted(role: str) -> None:
    named = {name for name in SOURCES if re.search(rf"\bFROM {name}\(", statements_of_queries())}
    needed = {("CREATE TEMPORARY TABLE", "*.*"), *((SOURCES[name], "*.*") for name in named)}

    assert named == set(SOURCES)
    assert {
        one for one in (granted() | {"compose": of_the_compose_file("milepost")})[role] if one[1] == "*.*"
    } == needed


def test_tables_of_the_server_itself_are_granted_where_they_are_read() -> None:
    named = set(re.findall(r"\bsystem\.(\w+)", statements_of_queries())) - OPEN_TABLES

    assert {("SELECT", f"system.{name}") for name in named} == {
        one for role in granted().values() for one in role if one[1].startswith("system.")
    }
    assert ("BACKUP", "milepost.*") in granted()["milepost_backup"]


def test_the_owner_may_run_every_migration() -> None:
    kinds = {" ".join(re.sub(r"OR REPLACE |MATERIALIZED ", "", text).split()[:2]) for text in migrations()}
    needed = {"ALTER" if kind == "ALTER TABLE" else kind.replace("INSERT INTO", "INSERT") for kind in kinds}

    assert {"CREATE TABLE", "CREATE VIEW", "DROP TABLE", "ALTER"} <= needed
    assert needed - {what for what, place in granted()["milepost_owner"] if place == "milepost.*"} == set()
    # ON CLUSTER, and the engine Distributed.
    assert {("CLUSTER", "*.*"), ("REMOTE", "*.*")} <= granted()["milepost_owner"]


def test_readers_may_read_what_stays_and_what_the_boards_read() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    stable = set(
        re.findall(r"`(\w+)`", readme.partition("Tables that others may query")[2].partition("merge repeats")[0])
    )

    assert within_milepost("milepost_reader", "SELECT") == {
        ("SELECT", name) for name in with_tables_of_views(stable | read_by_boards())
    }
    assert {what for what, _ in granted()["milepost_reader"]} == {"SELECT"}


def test_grafana_may_read_what_its_boards_read_and_nothing_else() -> None:
    assert {"alerts", "kpi_values", "otel_traces_trace_id_ts"} <= read_by_boards()
    assert of_the_compose_file("grafana") == {
        ("SELECT", f"milepost.{name}") for name in with_tables_of_views(read_by_boards())
    }


def of_the_compose_file(user: str) -> set[tuple[str, str]]:
    """What a user of docker-compose.yml's server may do, and where."""
    queries = ElementTree.parse(USERS).getroot().findall(f"users/{user}/grants/query")
    texts = [re.fullmatch(r"GRANT ([A-Z][\w, ]+) ON (\S+)", one.text or "") for one in queries]
    return {(what, found[2]) for found in texts if found for what in found[1].split(", ")}
