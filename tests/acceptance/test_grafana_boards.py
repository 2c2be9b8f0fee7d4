"""Every statement of the Grafana boards, as the plugin sends it, against a server that holds the demo company."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.clock import SystemClock
from grafana.__main__ import rendered
from grafana.sources import QUERIES, statement
from tests.acceptance.program import RunningMilepost, free_port
from tests.unit.grafana.plugin_macros import ALL, Sight, expanded
from tests.waiting import eventually

# What a board shows only after something went wrong or was corrected, which the demo has none of.
MAY_BE_EMPTY = {"kpi_restatements"}
SECONDS = 300


class Server:
    """A ClickHouse over HTTP, asked as Grafana asks it."""

    def __init__(self, port: int) -> None:
        self.dsn = f"clickhouse://127.0.0.1:{port}/milepost"
        self._url = f"http://127.0.0.1:{port}/?database=milepost"

    def ask(self, statement: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """Names of columns, and rows."""
        answer = httpx.post(self._url, content=f"{statement}\nFORMAT JSONCompact", timeout=60)
        assert answer.status_code == 200, f"{answer.text}\n{statement}"
        found = json.loads(answer.text)
        return [column["name"] for column in found["meta"]], found["data"]

    def count(self, table: str) -> int:
        return int(self.ask(f"SELECT count() AS rows FROM {table}")[1][0][0])


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.clickhouse_process", str(folder), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "answers\n"
        yield Server(port)
        process.stdin.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("demo")
    with server(folder / "server") as clickhouse:
        with RunningMilepost(
            folder, "--demo", MILEPOST_STORE=clickhouse.dsn, MILEPOST_PERSONAL_DATA_KEY="a key of the tests alone"
        ) as milepost:
            eventually(lambda: any("history of" in line for line in milepost.lines), "the demo's history", SECONDS)
            for table in (
                "alerts WHERE state = 'resolved'",
                "alerts WHERE state = 'firing'",
                "kpi_values",
                "flow_counts",
            ):
                eventually(lambda table=table: clickhouse.count(table), table, SECONDS)  # type: ignore[misc]
        yield clickhouse


def sight(variables: Mapping[str, Sequence[str]]) -> Sight:
    until = SystemClock().now()
    return Sight(until - timedelta(days=30), until, timedelta(hours=6), variables)


@pytest.mark.parametrize("path", sorted(QUERIES.glob("*.sql")), ids=lambda path: path.stem)
def test_a_statement_gives_its_columns_and_rows(demo: Server, path: Path) -> None:
    [declared] = re.findall(r"^-- columns: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    asked, names = statement(path.stem), declared.split(", ")
    kpis = [row[0] for row in demo.ask("SELECT DISTINCT toString(kpi) AS kpi FROM kpi_values")[1]]
    columns, rows = demo.ask(expanded(asked, sight({"legal_entity": ALL, "kpi": kpis})))
    assert columns == names
    assert rows or path.stem in MAY_BE_EMPTY

    # One that nobody has: nothing, and no error.
    columns, rows = demo.ask(expanded(asked, sight({"legal_entity": ["XX99"], "kpi": ["none"]})))
    assert columns == names
    if "$legal_entity" in asked:
        assert rows == []


def test_the_boards_ask_nothing_else() -> None:
    kept = {statement(path.stem) for path in QUERIES.glob("*.sql")}
    boards = [json.loads(text) for path, text in rendered().items() if path.suffix == ".json"]
    asked = {
        target["rawSql"]
        for board in boards
        for panel in board["panels"]
        for target in panel.get("targets", ())
        if "rawSql" in target
    }
    assert asked
    assert asked <= kept
