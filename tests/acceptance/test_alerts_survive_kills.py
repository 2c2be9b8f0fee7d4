"""kill -9 at random points while alerts fire, are told and end: each is told, and by new ids exactly once.

As often as `--kills` says; see CONTRIBUTING.md.
"""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from domain.clock import SystemClock
from tests.acceptance.program import environment, free_port
from tests.acceptance.recording_receiver import Received, RecordingReceiver, recording_receiver
from tests.acceptance.test_main_job import BATCH, event
from tests.waiting import eventually

RULES = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 1h}
"""
# Nobody is agreed to speak of orders: however long Milepost is away, no verdict waits for the ERP to be heard again.
CONTRACTS = """\
sources: [{source: payments}]
objects: [{object: payment, version: 1, owner: cash_application}]
events: [{event: payment.received, version: 1, owner: cash_application, object: payment, sources: [payments]}]
"""
ROUTING = """\
route:
  receiver: each
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
  routes:
    - {receiver: each, group_by: [object_id], continue: true}
    - {receiver: failing, group_by: [object_id], continue: true}
    - {receiver: groups, group_by: [alertname]}
receivers:
  - {name: each, webhook_configs: [{url: "%(url)s/each"}]}
  - {name: failing, webhook_configs: [{url: "%(url)s/failing"}]}
  - {name: groups, webhook_configs: [{url: "%(url)s/groups"}]}
"""
ORDERS_AT_ONCE = 3
# Longer than a start takes, so that a kill meets the start, ticks and what they send.
LONGEST_LIFE_SECONDS = 4.0
AFTER_ANSWER_SECONDS = 0.05


class Machine:
    """A Milepost that is killed and started again; each life goes on with the store of the one before."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._lives = folder / "lives.log"
        self._forking = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.forking_milepost"],
            env=environment(folder, settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = 0

    def start(self, log: Path | None = None, role: str = "up") -> None:
        self.pid = int(self._tell(f"start {log or self._lives} {role}"))

    def kill(self) -> None:
        """Ends it as a power failure would."""
        os.kill(self.pid, signal.SIGKILL)

    def await_end(self) -> None:
        self._tell("wait")
        self.pid = 0

    def end(self) -> None:
        if self.pid:
            self.kill()
        self._forking.communicate()

    def _tell(self, line: str) -> str:
        assert self._forking.stdin
        assert self._forking.stdout
        self._forking.stdin.write(f"{line}\n")
        self._forking.stdin.flush()
        return self._forking.stdout.readline().strip()


class Business:
    """Approves orders that are overdue at once or posted in time, and posts late ones once somebody was told."""

    def __init__(self, url: str, receiver: RecordingReceiver, every_seconds: float = 0.2) -> None:
        self._every_seconds = every_seconds
        self._url = url
        self._receiver = receiver
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="business", daemon=True)
        self.late: set[str] = set()
        self.posted_late: set[str] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            for number in itertools.count():
                if self._ended.wait(self._every_seconds):
                    return
                self._send(client, self._orders(number) if number % 3 else self._late_posting(number))

    def _orders(self, number: int) -> list[dict[str, Any]]:
        """Some that are overdue, and one that was posted in time."""
        now = SystemClock().now()
        first = number * (ORDERS_AT_ONCE + 1)
        names = range(first, first + ORDERS_AT_ONCE)
        self.late |= {f"O-{name}" for name in names}
        in_time = first + ORDERS_AT_ONCE
        approved = [event(name, "order.approved", now - timedelta(hours=2)) for name in (*names, in_time)]
        return [*approved, event(in_time, "order.posted", now - timedelta(hours=1, minutes=30))]

    def _late_posting(self, number: int) -> list[dict[str, Any]]:
        told = {one.alerts[0]["objectId"] for one in self._receiver.received("/each")}
        ready = sorted(told & self.late - self.posted_late)[number % 2 :: 2]
        self.posted_late |= set(ready)
        return [event(int(name[2:]), "order.posted", SystemClock().now()) for name in ready]

    @staticmethod
    def _send(client: httpx.Client, events: list[dict[str, Any]]) -> None:
        """Until they are acknowledged; what was acknowledged by one that died before it could say so is a duplicate."""
        while events:
            try:
                answer = client.post("/v1/events", json=events, headers=BATCH)
            except httpx.TransportError:
                threading.Event().wait(0.1)
                continue
            assert answer.json()["rejected"] == [], answer.text
            return


@contextmanager
def machine_at(folder: Path, url: str) -> Iterator[tuple[Machine, str]]:
    config = folder / "config"
    (config / "rules").mkdir(parents=True)
    (config / "rules" / "orders.yaml").write_text(RULES, encoding="utf-8")
    (config / "contracts").mkdir()
    (config / "contracts" / "payments.yaml").write_text(CONTRACTS, encoding="utf-8")
    (config / "routing.yaml").write_text(ROUTING % {"url": url}, encoding="utf-8")
    port = free_port()
    settings = {
        "MILEPOST_CONFIG": str(config),
        "MILEPOST_COLLECTOR_PORT": str(port),
        "MILEPOST_GRPC_PORT": "0",
        "MILEPOST_CONSOLE_PORT": "0",
        "MILEPOST_TICK": "1s",
    }
    machine = Machine(folder, settings)
    try:
        yield machine, f"http://127.0.0.1:{port}"
    finally:
        machine.end()


def live_and_die(machine: Machine, receiver: RecordingReceiver, chance: random.Random) -> None:
    """One life: killed at some moment, or amid a message, or just after one."""
    died, pause = threading.Event(), threading.Event()

    def kill() -> None:
        machine.kill()
        died.set()

    def kill_soon() -> None:
        pause.wait(after_answer)
        kill()

    after_answer = chance.uniform(0, AFTER_ANSWER_SECONDS)
    machine.start()
    how = chance.choice(("at some moment", "before an answer", "after an answer"))
    if how == "at some moment":
        died.wait(chance.uniform(0, LONGEST_LIFE_SECONDS))
        kill()
    else:
        receiver.at_next(kill if how == "before an answer" else kill_soon, before_answer=how == "before an answer")
    assert died.wait(180), f"nothing was sent in a life that was to end {how}"
    machine.await_end()


def told_by_id(received: list[Received]) -> dict[str, Received]:
    """The messages as a receiver has them that drops repeated ids; a repeat says what was said before."""
    kept: dict[str, Received] = {}
    for one in received:
        assert kept.setdefault(one.notification_id, one).body == one.body
    return kept


def told(received: list[Received], status: str) -> Counter[str]:
    """How often each object was told to be in a status, repeated ids dropped."""
    messages = told_by_id(received).values()
    return Counter(alert["objectId"] for one in messages for alert in one.alerts if alert["status"] == status)


def await_all(receiver: RecordingReceiver, path: str, status: str, expected: Counter[str]) -> None:
    """Returns once exactly these objects were told of at a path."""
    eventually(
        lambda: told(receiver.received(path), status).keys() == expected.keys(),
        f"{len(expected)} {status} at {path}",
        120,
    )


def test_each_alert_is_told_once_through_kills_at_any_moment(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    kills = pytestconfig.getoption("--kills")
    chance = random.Random(kills)
    with recording_receiver() as receiver, machine_at(tmp_path, receiver.url) as (machine, url):
        with Business(url, receiver) as business:
            for _ in range(kills):
                live_and_die(machine, receiver, chance)
            machine.start()
            eventually(lambda: business.posted_late, "some are posted late", 120)
        late, ended = Counter(business.late), Counter(business.posted_late)
        for path in ("/each", "/failing", "/groups"):
            await_all(receiver, path, "firing", late)
            await_all(receiver, path, "resolved", ended)
        alerts = httpx.get(f"{url}/api/alerts", params={"limit": 10_000}, timeout=60).json()

    assert late
    assert ended
    assert {alert["object_id"]: alert["state"] for alert in alerts} == {
        name: "resolved" if name in ended else "firing" for name in late
    }
    for path in ("/each", "/failing"):
        assert told(receiver.received(path), "firing") == late
        assert told(receiver.received(path), "resolved") == ended
