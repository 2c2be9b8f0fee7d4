"""kill -9 in the middle of ingest: what was acknowledged is there, and sending it all again changes nothing."""

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.receivers.cloudevents import BATCH

ROUNDS = 4
CLIENTS = 6
BATCH_SIZE = 40
ASK = """
import json, sys
import clickhouse_connect
client = clickhouse_connect.get_client(dsn=sys.argv[1])
client.command("USE milepost")
answers = [[list(row) for row in client.query(query).result_rows] for query in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
"""
# Figures of the read side: events, milestones with what they say, and the objects that a tick would look at.
FIGURES = (
    "SELECT count(), uniqExact(source, event_id) FROM events FINAL",
    "SELECT count(), sum(cityHash64(object_id, type, occurred_at, event_id, amount)) FROM object_milestones FINAL",
    "SELECT uniqExact(object_type, object_id) FROM object_milestones",
)
IDS = (
    "SELECT event_id FROM events",
    "SELECT DISTINCT event_id FROM object_milestones",
)


@contextmanager
def collector_on(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A collector's process on a store, and its address; killed at the end if it still runs."""
    command = [sys.executable, "-m", "tests.acceptance.collector_process", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().decode().strip()
            assert url.startswith("http://"), "the collector did not start"
            yield process, url
            process.stdin.close()
            process.wait(timeout=30)
        finally:
            process.kill()


def asked(dsn: str, queries: Sequence[str]) -> list[list[list[Any]]]:
    """The answers to queries, read by a process of its own while no collector has the store."""
    command = [sys.executable, "-c", ASK, dsn]
    result = subprocess.run(command, input=json.dumps(queries).encode(), capture_output=True, check=True, timeout=60)
    answers: list[list[list[Any]]] = json.loads(result.stdout)
    return answers


def batch_of(round_: int, client: int, number: int) -> list[dict[str, Any]]:
    """The events of one batch; an id tells where it came from, and so does its order."""
    ids = [f"{round_}-{client}-{number}-{part}" for part in range(BATCH_SIZE)]
    return [
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "crm",
            "type": "order.approved",
            "time": "2026-11-02T09:30:00Z",
            "data": {"objects": [{"type": "order", "id": event_id}], "amount": "1.10", "currency": "EUR"},
        }
        for event_id in ids
    ]


class Sender:
    """Sends batches until the collector is gone, and remembers what was sent and what was acknowledged."""

    def __init__(self, url: str, round_: int, client: int) -> None:
        self._url, self._round, self._client = url, round_, client
        self.sent: list[list[dict[str, Any]]] = []
        self.acknowledged: set[str] = set()

    def run(self, enough: threading.Semaphore) -> None:
        """Releases the semaphore at every acknowledgement."""
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while True:
                batch = batch_of(self._round, self._client, len(self.sent))
                self.sent.append(batch)
                try:
                    answer = post(http, batch)
                except httpx.TransportError:
                    return
                assert answer == {"accepted": BATCH_SIZE, "duplicates": 0, "rejected": []}
                self.acknowledged |= {event["id"] for event in batch}
                enough.release()


def post(http: httpx.Client, batch: list[dict[str, Any]]) -> dict[str, Any]:
    response = http.post("/v1/events", content=json.dumps(batch), headers={"content-type": BATCH})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def load_until_killed(dsn: str, round_: int, acknowledgements: int) -> list[Sender]:
    """Many senders at once; the collector is killed right after that many acknowledgements."""
    enough = threading.Semaphore(0)
    with collector_on(dsn) as (process, url), ThreadPoolExecutor(CLIENTS) as pool:
        senders = [Sender(url, round_, client) for client in range(CLIENTS)]
        running = [pool.submit(sender.run, enough) for sender in senders]
        for _ in range(acknowledgements):
            assert enough.acquire(timeout=30)
        process.kill()
        for sender in running:
            sender.result()
    return senders


@pytest.fixture
def dsn(tmp_path: Path) -> str:
    """A store that only the processes of the test open."""
    return f"chdb://{tmp_path / 'store'}"


def test_nothing_acknowledged_is_lost_and_nothing_is_counted_twice(dsn: str) -> None:
    chance = random.Random(4)
    sent: list[list[dict[str, Any]]] = []
    acknowledged: set[str] = set()

    for round_ in range(ROUNDS):
        for sender in load_until_killed(dsn, round_, chance.randrange(5, 60)):
            sent += sender.sent
            acknowledged |= sender.acknowledged

    with collector_on(dsn):
        pass
    events, milestones = ({row[0] for row in rows} for rows in asked(dsn, IDS))
    assert acknowledged
    assert acknowledged <= events
    assert events == milestones

    chance.shuffle(sent)
    with collector_on(dsn) as (_, url), httpx.Client(base_url=url, timeout=60) as http, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda batch: post(http, batch), sent))
    total = len(sent) * BATCH_SIZE
    assert sum(answer["accepted"] for answer in answers) == total - len(events)
    assert sum(answer["duplicates"] for answer in answers) == len(events)
    once = asked(dsn, FIGURES)
    assert once[0] == [[total, total]]
    assert (once[1][0][0], once[2]) == (total, [[total]])

    with collector_on(dsn) as (_, url), httpx.Client(base_url=url, timeout=60) as http:
        for batch in sent:
            assert post(http, batch)["duplicates"] == BATCH_SIZE
    assert asked(dsn, FIGURES) == once
