"""Two engines on one server store, paused, killed and stopped at random moments: every alert is told, none twice.

As often as a quarter of what `--kills` says, and at least twice; see CONTRIBUTING.md.
"""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.acceptance.recording_receiver import RecordingReceiver, recording_receiver
from tests.acceptance.role_process import RoleProcess, address_in, clickhouse, role_settings, status
from tests.acceptance.test_alerts_survive_kills import (
    CONTRACTS,
    ROUTING,
    RULES,
    Business,
    Machine,
    await_all,
    told,
)
from tests.waiting import eventually

pytestmark = pytest.mark.clickhouse_server
LEASE_SECONDS = 4
LONGEST_PAUSE_SECONDS = 2.5 * LEASE_SECONDS
# To tell of one order the engine asks the endpoint several times, and that opens the store anew for each.
BUSINESS_EVERY_SECONDS = 4.0
# The first two are in every run: what happens at each upgrade, and the worst that can.
HOW = ("stop", "kill amid a message", "pause amid a message", "kill", "pause", "pause for a moment")


class EngineMachine:
    """An engine that is killed and started again, each life with a log of its own."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        folder.mkdir()
        self._folder = folder
        self._machine = Machine(folder, settings)
        self._lives = 0

    def start(self) -> None:
        self._lives += 1
        self._machine.start(self.log, "engine")

    @property
    def log(self) -> Path:
        return self._folder / f"life-{self._lives}.log"

    @property
    def status(self) -> str:
        return status(address_in(self.log, "engine"))

    def send(self, number: signal.Signals) -> None:
        os.kill(self._machine.pid, number)

    def end_by(self, number: signal.Signals) -> None:
        self.send(number)
        self._machine.await_end()

    def end(self) -> None:
        self._machine.end()

    def logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self._folder.glob("life-*.log")))


def configure(folder: Path, url: str) -> Path:
    config = folder / "config"
    for name, text in (("rules/orders.yaml", RULES), ("contracts/payments.yaml", CONTRACTS)):
        (config / name).parent.mkdir(parents=True)
        (config / name).write_text(text, encoding="utf-8")
    (config / "routing.yaml").write_text(ROUTING % {"url": url}, encoding="utf-8")
    return config


def active(engines: list[EngineMachine]) -> EngineMachine:
    """The engine that says that it acts."""
    [one, *_] = eventually(lambda: [one for one in engines if one.status == "active"], "an engine acts", 180)
    return one


def amid_a_message(receiver: RecordingReceiver, act: Callable[[], None]) -> None:
    done = threading.Event()

    def act_once() -> None:
        act()
        done.set()

    receiver.at_next(act_once, before_answer=True)
    assert done.wait(180), "nothing was sent"


def disturb(engines: list[EngineMachine], receiver: RecordingReceiver, how: str, chance: random.Random) -> None:
    """Takes the engine that acts out of its work in one way, until the other one acts; but for a moment's pause."""
    one = active(engines)
    others = [each for each in engines if each is not one]
    number = {"kill": signal.SIGKILL, "stop": signal.SIGTERM}.get(how.split()[0], signal.SIGSTOP)
    threading.Event().wait(chance.uniform(0, 2))
    if how.endswith("amid a message"):
        amid_a_message(receiver, lambda: one.send(number))
    else:
        one.send(number)
    if how == "pause for a moment":
        threading.Event().wait(chance.uniform(0, LONGEST_PAUSE_SECONDS))
        one.send(signal.SIGCONT)
        return
    active(others)
    if number is signal.SIGSTOP:
        threading.Event().wait(chance.uniform(0, 2))
        one.send(signal.SIGCONT)
        eventually(lambda: one.status == "standby", "it steps down", 60)
    else:
        one.end_by(signal.SIGCONT)
        one.start()


def test_every_alert_is_told_once_whatever_happens_to_the_engine_that_acts(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    rounds = max(pytestconfig.getoption("--kills") // 4, 2)
    chance = random.Random(rounds)
    ways = [HOW[number % len(HOW)] for number in range(rounds)]
    chance.shuffle(ways)
    with recording_receiver() as receiver, clickhouse(tmp_path / "clickhouse") as dsn:
        settings = role_settings(
            tmp_path,
            dsn,
            MILEPOST_CONFIG=str(configure(tmp_path, receiver.url)),
            MILEPOST_ENGINE_LEASE=f"{LEASE_SECONDS}s",
        )
        engines = [EngineMachine(tmp_path / name, settings) for name in ("one", "other")]
        try:
            with RoleProcess("collector", tmp_path / "collector", settings) as collector:
                url = collector.url
                for one in engines:
                    one.start()
                with Business(url, receiver, BUSINESS_EVERY_SECONDS) as business:
                    for how in ways:
                        disturb(engines, receiver, how, chance)
                    eventually(lambda: business.posted_late, "some are posted late", 180)
                late, ended = Counter(business.late), Counter(business.posted_late)
                for path in ("/each", "/failing", "/groups"):
                    await_all(receiver, path, "firing", late)
                    await_all(receiver, path, "resolved", ended)
                history = httpx.get(f"{url}/api/alerts/history", params={"limit": 10_000}, timeout=60).json()
        finally:
            for one in engines:
                one.end()

    assert late
    for path in ("/each", "/failing"):
        assert told(receiver.received(path), "firing") == late
        assert told(receiver.received(path), "resolved") == ended
    changes = Counter((row["object_id"], row["state"]) for row in history)
    assert dict.fromkeys(changes, 1) == dict(changes)
    logs = "".join(one.logs() for one in engines)
    assert logs.count("takes over: it acts in epoch") > len([how for how in ways if how != "pause for a moment"])
    assert "Traceback" not in logs
