"""Collectors, an engine and a console, each in a process of its own on one server store, as a user runs them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.program import run_milepost
from tests.acceptance.role_process import RoleProcess, clickhouse, role_settings, status
from tests.acceptance.test_main_job import BATCH
from tests.waiting import eventually

pytestmark = pytest.mark.clickhouse_server
ACCEPTED = "give clickhouse://user:password@host:8123/database, or run everything in one process with `milepost up`"


@dataclass(frozen=True)
class Machines:
    """All roles on one store, and where commands run."""

    folder: Path
    settings: dict[str, str]
    collectors: tuple[str, str]
    engine: str
    console: str

    def run(self, *arguments: str) -> str:
        """What a command prints."""
        answer = run_milepost(self.folder, *arguments, **self.settings)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def ask(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*arguments, "--output", "json"))

    def firing(self) -> list[dict[str, Any]]:
        """The alerts that fire, as any collector's API gives them."""
        params: dict[str, str | int] = {"state": "firing", "limit": 1000}
        found: list[dict[str, Any]] = httpx.get(f"{self.collectors[1]}/api/alerts", params=params, timeout=60).json()
        return found


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("machines")
    with clickhouse(folder / "clickhouse") as dsn:
        settings = role_settings(folder, dsn)
        own = {"MILEPOST_SPOOL": str(folder / "other spool")}
        with (
            RoleProcess("collector", folder / "one", settings) as one,
            RoleProcess("collector", folder / "other", {**settings, **own}) as other,
            RoleProcess("engine", folder / "engine", settings) as engine,
            RoleProcess("console", folder / "console", settings) as console,
        ):
            yield Machines(folder, settings, (one.url, other.url), engine.url, console.url)
            assert [role.stop() for role in (console, engine, other, one)] == [0, 0, 0, 0]


def event(number: int, word: str = "approved") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "crm",
        "type": "order.approved",
        "time": "2026-11-02T09:30:00Z",
        "data": {"objects": [{"type": "order", "id": f"O-{number}"}], "attributes": {"word": word}},
    }


def post(url: str, events: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    answer = httpx.post(f"{url}/v1/events", json=events, headers=BATCH, timeout=120)
    assert answer.status_code == 200, answer.text
    answers.append(answer.json())


@pytest.mark.parametrize("role", ["collector", "engine", "console"])
def test_a_role_refuses_an_embedded_store(tmp_path: Path, role: str) -> None:
    answer = run_milepost(tmp_path, role)

    assert answer.returncode == 2
    assert answer.stderr.strip() == (
        f"MILEPOST_STORE is chdb://{tmp_path / 'store'}, which one process holds: `milepost {role}` runs beside "
        f"others, and needs a server; {ACCEPTED}"
    )
    assert not (tmp_path / "store").exists()


def test_every_role_says_how_it_is(machines: Machines) -> None:
    urls = (*machines.collectors, machines.engine, machines.console)

    assert [httpx.get(f"{url}/healthz", timeout=30).json() for url in urls] == [{"status": "alive"}] * 4
    assert [status(url) for url in urls] == ["ready", "ready", "active", "ready"]
    pages = [httpx.get(f"{url}/metrics", timeout=30) for url in urls]
    assert [page.status_code for page in pages] == [200] * 4
    assert "milepost_engine_active 1.0" in pages[2].text
    assert httpx.get(machines.console, timeout=30).status_code == 200


def test_what_two_collectors_take_at_once_counts_as_with_one_and_is_told_by_the_engine(machines: Machines) -> None:
    for start in range(0, 60, 10):
        both = [event(number) for number in range(start, start + 10)]
        changed = [event(number, "changed" if number % 5 == 0 else "approved") for number in range(start, start + 10)]
        answers: list[dict[str, Any]] = []
        senders = [
            threading.Thread(target=post, args=(url, events, answers))
            for url, events in zip(machines.collectors, (both, changed), strict=True)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        # Whichever of two stands, the other is a duplicate or a conflict, and none is lost.
        assert len(answers) == 2

    letters = machines.ask("dead-letters", "list", "--limit", "1000")
    exported = machines.folder / "events.csv"
    machines.run("export", "csv", str(exported))
    lines = exported.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 60
    assert sorted({letter["event_id"] for letter in letters}) == sorted(f"e-{number}" for number in range(0, 60, 5))
    assert {letter["code"] for letter in letters} == {"conflict"}

    def told() -> set[str]:
        return {one["object_id"] for one in machines.firing() if one["alert"] == "OrderNotPosted"}

    expected = {f"O-{number}" for number in range(60)}
    eventually(lambda: told() == expected, "the engine tells of every order", 180)


def test_commands_act_on_the_store_of_the_roles(machines: Machines) -> None:
    taken: list[dict[str, Any]] = []
    post(machines.collectors[0], [event(100)], taken)

    def firing() -> list[dict[str, Any]]:
        return [one for one in machines.firing() if one["object_id"] == "O-100"]

    [alert, *_] = eventually(firing, "the order is told of", 120)
    machines.run("alerts", "ack", alert["alert_id"][:16], "--comment", "on it")

    [acknowledged] = [one for one in firing() if one["alert_id"] == alert["alert_id"]]
    assert acknowledged["acknowledged"]["comment"] == "on it"
    assert ", unbroken; head " in machines.run("audit", "verify")


def test_the_engine_answers_of_interventions_and_pulls(machines: Machines) -> None:
    assert httpx.get(f"{machines.engine}/api/pulls", timeout=30).json() == []
    assert httpx.get(f"{machines.engine}/api/interventions", timeout=30).status_code == 200
    assert httpx.get(f"{machines.engine}/v1/events", timeout=30).status_code == 404
