"""kill -9 in the middle of replays: no event is stored twice, and every letter is settled in the end."""

import json
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.test_ingest_survives_kill import asked, collector_on
from tests.integration.collector.running import event

LETTERS, ROUNDS = 3_000, 4
# A process of its own leaves the letters: the collector's, which is killed, must be the only one with the store.
LEAVE = """
import json, sys
from datetime import timedelta
from domain.clock import SystemClock
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.migrator import migrate
from tests.builders import otlp_request, span
now = SystemClock().now()
def letter(number, body, **kept):
    return DeadLetter(f"l-{number:05d}", now - timedelta(hours=1), code="late", reason="not then", body=body, **kept)
with Store(sys.argv[1]) as store:
    migrate(store, now)
    events = [letter(n, json.dumps(one).encode(), channel="events", content_type="application/cloudevents+json")
              for n, one in enumerate(json.load(sys.stdin))]
    spans = [letter(90_000 + n, otlp_request(span(span_id=n.to_bytes(8, "big"))).SerializeToString(),
                    channel="traces", content_type="application/x-protobuf") for n in range(1, 41)]
    insert_dead_letters(store, events + spans)
"""
COUNTS = (
    "SELECT count(), uniqExact(event_id) FROM events",
    "SELECT count(), uniqExact(SpanId) FROM otel_traces",
    "SELECT count() FROM dead_letters",
    "SELECT count() FROM dead_letter_states WHERE state = 'replayed'",
)


def replay_all(http: httpx.Client) -> None:
    """Replays page by page until nothing waits."""
    wish: dict[str, Any] = {"all": True, "by": "a test"}
    while True:
        response = http.post("/api/dead-letters/replay", json=wish)
        assert response.status_code == 200, response.text
        if response.json()["rest"] is None:
            return
        wish["after"] = response.json()["rest"]


def replay_until_killed(dsn: str, seconds: float) -> None:
    """Begins to replay everything and kills the collector after a while."""
    with collector_on(dsn) as (process, url), httpx.Client(base_url=url, timeout=60) as http:
        killer = threading.Timer(seconds, process.kill)
        killer.start()
        try:
            replay_all(http)
        except httpx.TransportError:
            pass
        finally:
            killer.cancel()


def test_a_replay_that_is_killed_again_and_again_stores_each_letter_once(tmp_path: Path) -> None:
    dsn = f"chdb://{tmp_path / 'store'}"
    events = json.dumps([event(number) for number in range(LETTERS)]).encode()
    subprocess.run([sys.executable, "-c", LEAVE, dsn], input=events, check=True, timeout=120)
    chance = random.Random(5)

    for _ in range(ROUNDS):
        replay_until_killed(dsn, chance.uniform(0.02, 0.4))
    [_, _, _, [[settled]]] = asked(dsn, COUNTS)
    assert settled < LETTERS + 40, "every kill came too late"
    with collector_on(dsn) as (_, url), httpx.Client(base_url=url, timeout=60) as http:
        replay_all(http)

    assert asked(dsn, COUNTS) == [[[LETTERS, LETTERS]], [[40, 40]], [[LETTERS + 40]], [[LETTERS + 40]]]
