"""kill -9 of the collector and of its server at random points: every input that was acknowledged is found once.

Senders try each request until it is acknowledged, as real ones do. What then is stored, what is a duplicate and what
is a dead letter is compared with what was sent, input by input.
"""

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.client import Client

from collector.receivers.cloudevents import BATCH, STRUCTURED
from tests.acceptance.program import free_port
from tests.builders import otlp_request, span
from tests.integration.collector.log_requests import log_request, record
from tests.waiting import eventually

ACTIONS, CLIENTS = 8, 3
PROTOBUF = "application/x-protobuf"
DATABASE = "balance"
PAUSE_SECONDS = 0.02


class Machine:
    """The collector and its server as processes; either may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.dsn = f"clickhouse://default:@127.0.0.1:{self._port}/{DATABASE}"
        self._server: subprocess.Popen[bytes] | None = None
        self._collector: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start_server(self) -> None:
        self._server, line = started("clickhouse_process", str(self._folder / "server"), str(self._port))
        assert line == "answers"

    def start_collector(self) -> None:
        self._collector, self.url = started("collector_process", self.dsn, str(self._folder / "spool"))

    def kill_server(self) -> None:
        kill(self._server)
        self._server = None

    def kill_collector(self) -> None:
        kill(self._collector)

    @property
    def has_server(self) -> bool:
        return self._server is not None

    def end(self) -> None:
        kill(self._collector)
        kill(self._server)


def started(module: str, *arguments: str) -> tuple[subprocess.Popen[bytes], str]:
    """A process of this folder, and the first line it writes."""
    command = [sys.executable, "-m", f"tests.acceptance.{module}", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, process.stdout.readline().decode().strip()


def kill(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        process.kill()
        process.communicate()


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    data = {"objects": [{"type": "order", "id": event_id}], "amount": "1.10", "currency": "EUR"}
    fixed = {"specversion": "1.0", "source": "crm", "type": "order.approved", "time": "2026-11-02T09:30:00Z"}
    return {**fixed, "id": event_id, "data": data, **changes}


class Sender:
    """Sends every kind of input until told to stop, each until it is acknowledged; counts the tries of each."""

    def __init__(self, machine: Machine, name: int) -> None:
        self._machine = machine
        self._name = name
        self._http = httpx.Client(timeout=60)
        self._pause = threading.Event()
        self.tries: Counter[str] = Counter()

    def run(self, stop: threading.Event, wanted: threading.Semaphore, acknowledged: threading.Semaphore) -> None:
        """Sends as much as is wanted, and tells of every acknowledgement."""
        number = 0
        while not stop.is_set():
            for kind, path, media_type, body in self._requests(f"{self._name}-{number}"):
                wanted.acquire()
                self._send(kind, path, media_type, body)
                acknowledged.release()
            number += 1
        self._http.close()

    def _requests(self, name: str) -> Iterator[tuple[str, str, str, bytes]]:
        """A batch with a duplicate, a conflict and an event without an id; spans; logs; what cannot be read."""
        span_id = name.encode().rjust(8, b"_")
        fresh = [event(f"e-{name}-{part}") for part in range(3)]
        conflict = event(f"e-{name}-0", type="order.cancelled", data={"note": f"conflict {name}"})
        broken = event("", data={"note": f"broken {name}"})
        batch = [*fresh, fresh[0], conflict, broken]
        yield f"batch {name}", "/v1/events", BATCH, json.dumps(batch).encode()
        yield f"span {name}", "/v1/traces", PROTOBUF, otlp_request(span(name=name, span_id=span_id)).SerializeToString()
        yield f"log {name}", "/v1/logs", PROTOBUF, log_request(record(name), record("fine", 9))
        yield f"unreadable {name}", "/v1/events", STRUCTURED, f"unreadable {name}".encode()

    def _send(self, kind: str, path: str, media_type: str, body: bytes) -> None:
        while True:
            self.tries[kind] += 1
            try:
                response = self._http.post(self._machine.url + path, content=body, headers={"content-type": media_type})
            except httpx.TransportError:
                self._pause.wait(PAUSE_SECONDS)
                continue
            if response.status_code != 503:
                assert response.status_code == (400 if kind.startswith("unreadable") else 200), response.text
                return
            self._pause.wait(PAUSE_SECONDS)


@contextmanager
def machine_at(folder: Path) -> Iterator[Machine]:
    machine = Machine(folder)
    try:
        yield machine
    finally:
        machine.end()


def trouble(machine: Machine, chance: random.Random) -> None:
    """One thing that goes wrong, or is put right."""
    if not machine.has_server:
        before = stored_in(machine.url)
        machine.start_server()
        # The worst moment: some of what waits is stored, and nobody wrote down how much.
        eventually(lambda: stored_in(machine.url) != before, "the spool is being stored")
    if chance.random() < 0.5:
        machine.kill_collector()
        machine.start_collector()
    else:
        machine.kill_server()


def stored_in(url: str) -> int:
    """How much the running collector has stored."""
    counted = counters(url)
    return sum(counted[f"{name}_stored_total"] for name in ("events", "spans", "log_errors"))


def counters(url: str) -> Counter[str]:
    """Every counter, without the help of its labels."""
    found: Counter[str] = Counter()
    for line in httpx.get(f"{url}/metrics", timeout=30).text.splitlines():
        if line.startswith("milepost_"):
            name, _, value = line.rpartition(" ")
            found[name.partition("{")[0].removeprefix("milepost_")] += round(float(value))
            if 'channel="' in name:
                channel = name.partition('channel="')[2].partition('"')[0]
                found[f"{name.partition('{')[0].removeprefix('milepost_')} {channel}"] += round(float(value))
    return found


def assert_balanced(counted: Counter[str]) -> None:
    for received, channel, outcomes in (
        ("events_received_total", "events", ("events_stored_total", "events_duplicate_total")),
        ("spans_received_total", "traces", ("spans_stored_total", "spans_rejected_total", "spans_duplicate_total")),
        (
            "log_records_received_total",
            "logs",
            ("log_errors_stored_total", "log_errors_duplicate_total", "log_records_passed_total"),
        ),
    ):
        settled = [*outcomes, f"dead_letters_total {channel}", f"requests_refused_total {channel}"]
        assert counted[received] == sum(counted[name] for name in settled), (channel, counted)


def column(client: Client, query: str) -> list[str]:
    """The one column of a statement."""
    return [str(row[0]) for row in client.query(query).result_rows]


def send_amid_trouble(machine: Machine, chance: random.Random) -> Counter[str]:
    """How often each request was sent; all of them are acknowledged, and the server is there at the end."""
    stop, acknowledged = threading.Event(), threading.Semaphore(0)
    # Each has one more request under way than is waited for, so that a kill meets some.
    wanted = threading.Semaphore(CLIENTS)
    senders = [Sender(machine, client) for client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(sender.run, stop, wanted, acknowledged) for sender in senders]
        try:
            for _ in range(ACTIONS):
                some = chance.randrange(5, 60)
                wanted.release(some)
                for _ in range(some):
                    assert acknowledged.acquire(timeout=60)
                trouble(machine, chance)
        finally:
            stop.set()
            # Whoever is amid a round finishes it.
            wanted.release(4 * CLIENTS)
        if not machine.has_server:
            machine.start_server()
        for sender in running:
            sender.result()
    return sum((sender.tries for sender in senders), Counter())


@pytest.mark.clickhouse_server
@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_received_is_stored_or_a_duplicate_or_a_letter_through_kills_of_both(
    tmp_path: Path, seed: int
) -> None:
    with machine_at(tmp_path) as machine:
        # Its server is not there yet.
        machine.start_collector()
        tries = send_amid_trouble(machine, random.Random(seed))
        eventually(lambda: counters(machine.url)["spool_bytes"] == 0, "the spool is empty")
        ready = httpx.get(f"{machine.url}/readyz", timeout=30).json()
        counted = counters(machine.url)
        with closing(clickhouse_connect.get_client(dsn=machine.dsn)) as store:
            stored = {
                table: column(store, f"SELECT {name} FROM {table}")
                for table, name in (("events", "event_id"), ("otel_traces", "SpanName"), ("otel_logs", "Body"))
            }
            milestones = column(store, "SELECT DISTINCT event_id FROM object_milestones")
            letters = Counter(column(store, "SELECT body FROM dead_letters"))

    assert ready == {"status": "ready"}
    assert_balanced(counted)
    names = [kind.partition(" ")[2] for kind in tries if kind.startswith("batch")]
    assert len(names) > CLIENTS
    assert sorted(stored["events"]) == sorted(f"e-{name}-{part}" for name in names for part in range(3))
    assert sorted(milestones) == sorted(stored["events"])
    assert_found_once(Counter(stored["otel_traces"]), tries, "span")
    assert_found_once(Counter(stored["otel_logs"]), tries, "log")
    for kind in ("unreadable", "conflict", "broken"):
        of_kind = Counter({note_of(body): count for body, count in letters.items() if note_of(body).startswith(kind)})
        request = "unreadable" if kind == "unreadable" else "batch"
        assert_found_once(Counter({note.partition(" ")[2]: n for note, n in of_kind.items()}), tries, request)


def note_of(body: str) -> str:
    return body if body.startswith("unreadable") else str(json.loads(body)["data"]["note"])


def assert_found_once(found: Counter[str], tries: Counter[str], kind: str) -> None:
    """Each input of a kind is there; more often than once only where its sender had to try again."""
    sent = {one.partition(" ")[2]: count for one, count in tries.items() if one.startswith(f"{kind} ")}
    assert found.keys() == sent.keys()
    assert {name: count for name, count in found.items() if count > sent[name]} == {}
