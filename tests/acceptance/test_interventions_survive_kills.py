"""Interventions with the real program: a call that causes its milestone, and kill -9 amid a run of many."""

import json
import random
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.clock import SystemClock
from domain.instants import format_instant
from tests.acceptance.program import MILEPOST, RunningMilepost, environment, run_milepost
from tests.middleware import Asked, Middleware
from tests.waiting import eventually

ORDERS, KILLS = 9, 4
FILE = """\
hosts: ["HOST"]
interventions:
  - name: repost_order
    description: Send an order to the ERP again
    object: order
    url: "http://HOST/orders/{object_id}"
    period: any
    expects: {milestone: order.posted, within: 1h}
"""


def event(type_: str, order: str, source: str) -> dict[str, Any]:
    data = {"objects": [{"type": "order", "id": order}], "amount": "10.00", "currency": "EUR"}
    now = format_instant(SystemClock().now())
    return {"specversion": "1.0", "id": f"{type_} {order}", "source": source, "type": type_, "time": now, "data": data}


def configured(folder: Path, middleware: Middleware) -> dict[str, str]:
    config = folder / "config"
    config.mkdir()
    (config / "interventions.yaml").write_text(FILE.replace("HOST", middleware.host))
    return {"MILEPOST_CONFIG": str(config)}


def send(url: str, *events: dict[str, Any]) -> None:
    httpx.post(f"{url}/v1/events", json=list(events), timeout=30).raise_for_status()


def calls(program: RunningMilepost, order: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = program.ask("interventions", "history", "--object", f"order/{order}")
    return found


def test_a_call_makes_the_middleware_bring_about_the_milestone_and_counts_as_success_then(tmp_path: Path) -> None:
    def post(asked: Asked) -> None:
        order = asked.path.rpartition("/")[2]
        if order != "O-2":
            send(program.collector, event("order.posted", order, "erp"))

    run = ("interventions", "run", "repost_order", "--reason", "stuck", "--yes")
    with Middleware(on_effect=post) as middleware:
        settings = configured(tmp_path, middleware)
        with RunningMilepost(tmp_path, **settings) as program:
            send(program.collector, *(event("order.approved", order, "crm") for order in ("O-1", "O-2")))
            made = run_milepost(tmp_path, *run, "order/O-1", "order/O-2", **settings)
            eventually(lambda: [one["state"] for one in calls(program, "O-1")] == ["succeeded"], "it succeeds")
            quiet = calls(program, "O-2")
            again = run_milepost(tmp_path, *run, "order/O-1", **settings)
            counted = httpx.get(f"{program.collector}/metrics", timeout=30).text

    assert made.returncode == 0, made.stderr
    assert "taken" in made.stdout or "succeeded" in made.stdout
    assert [one["state"] for one in quiet] == ["taken"]
    assert again.returncode == 1
    assert "no_op: 1 call" in again.stdout
    assert 'milepost_interventions_total{intervention="repost_order",outcome="succeeded"} 1.0' in counted
    assert [asked.path for asked in middleware.asked] == ["/orders/O-1", "/orders/O-2"]


def test_after_a_kill_nothing_is_called_by_itself_and_the_milestone_decides(tmp_path: Path) -> None:
    running: list[RunningMilepost] = []
    with Middleware(on_effect=lambda asked: running[0].kill()) as middleware:
        settings = configured(tmp_path, middleware)
        with RunningMilepost(tmp_path, **settings) as program:
            running.append(program)
            send(program.collector, event("order.approved", "O-1", "crm"))
            wish = {"name": "repost_order", "objects": ["order/O-1"], "reason": "stuck", "by": "ana"}
            httpx.post(f"{program.collector}/api/interventions/runs", json=wish, timeout=30).raise_for_status()
            eventually(lambda: program.returncode is not None, "the kill")
        with RunningMilepost(tmp_path, **settings) as program:
            eventually(lambda: [one["state"] for one in calls(program, "O-1")] == ["unknown"], "nobody knows")
            send(program.collector, event("order.posted", "O-1", "erp"))
            eventually(lambda: [one["state"] for one in calls(program, "O-1")] == ["succeeded"], "it succeeds")

    assert len(middleware.asked) == 1


class Killer:
    """Kills the command that runs, at requests chosen by chance: before the effect, after it, or after the answer."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left = KILLS
        self._next = chance.randrange(1, 3)
        self._when = ""
        self.process: subprocess.Popen[str] | None = None
        self.kills: list[str] = []

    def on_request(self, asked: Asked) -> None:
        self._next -= 1
        if self._next == 0 and self._left:
            self._left -= 1
            self._next = self._chance.randrange(1, 4)
            self._when = self._chance.choice(("before", "after", "answered"))
            if self._when == "before":
                self._kill()
            elif self._when == "answered":
                # Anywhere from the answer on: in the store, in the audit log, in the next pre-flight.
                threading.Timer(self._chance.uniform(0.005, 0.15), self._kill).start()

    def on_effect(self, asked: Asked) -> None:
        if self._when == "after":
            self._kill()

    def _kill(self) -> None:
        self.kills.append(self._when)
        self._when = ""
        if self.process is not None:
            self.process.kill()


@pytest.mark.parametrize("seed", [1, 2])
def test_through_kills_amid_a_run_each_object_is_applied_exactly_once(tmp_path: Path, seed: int) -> None:
    killer = Killer(random.Random(seed))
    orders = [f"O-{number}" for number in range(ORDERS)]
    (tmp_path / "events.json").write_text(json.dumps([event("order.approved", order, "crm") for order in orders]))
    with Middleware(on_effect=killer.on_effect, on_request=killer.on_request) as middleware:
        settings = configured(tmp_path, middleware)
        assert run_milepost(tmp_path, "ingest", "events.json", **settings).returncode == 0
        words = ["run", "repost_order", *(f"order/{order}" for order in orders), "--yes"]
        outputs: list[str] = []
        ended = -1
        while ended != 0 and len(outputs) < 3 * KILLS:
            command = [MILEPOST, "interventions", *words, "--reason", "stuck"]
            killer.process = subprocess.Popen(
                command,
                cwd=tmp_path,
                env=environment(tmp_path, settings),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            outputs.append(killer.process.communicate(timeout=120)[0])
            ended = killer.process.returncode
            [run_id] = {line.split()[1] for line in outputs[0].splitlines() if line.startswith("run ")}
            words = ["resume", run_id]
        history = run_milepost(tmp_path, "interventions", "history", "--run", run_id, "--output", "json", **settings)
        verified = run_milepost(tmp_path, "audit", "verify", **settings)

    assert ended == 0, outputs
    assert len(killer.kills) == KILLS, killer.kills
    found = json.loads(history.stdout)
    assert {one["object_id"]: one["state"] for one in found} == dict.fromkeys(orders, "taken")
    assert sorted(asked.path for asked in middleware.effects) == sorted(f"/orders/{order}" for order in orders)
    assert {(asked.path, asked.key) for asked in middleware.asked} == {
        (f"/orders/{one['object_id']}", one["intervention_id"]) for one in found
    }
    assert verified.returncode == 0, verified.stdout
