"""What senders may rely on: each identity once, however often it is sent, and what is acknowledged is stored."""

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import pytest
from google.rpc.status_pb2 import Status

from collector.identity import identity_hash
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.otlp import UNAVAILABLE
from storage.client import Store
from storage.events import count_events, identity_hashes
from tests.builders import otlp_request, span
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.integration.collector.running import Event, RunningCollector, event, running_collector

READ_SIDE = {
    "events": "SELECT * FROM events FINAL ORDER BY source, event_id",
    "milestones": "SELECT * FROM object_milestones FINAL ORDER BY ALL",
}


def read_side(engine: Engine, store: Store) -> dict[str, list[dict[str, Any]]]:
    return {name: engine.select(store, query) for name, query in READ_SIDE.items()}


def send_all(url: str, batches: Sequence[Sequence[Event]], clients: int) -> list[dict[str, Any]]:
    """The answers to batches that many clients sent at once."""
    with httpx.Client(base_url=url, timeout=60) as http, ThreadPoolExecutor(clients) as pool:

        def send(batch: Sequence[Event]) -> dict[str, Any]:
            response = http.post("/v1/events", content=json.dumps(batch), headers={"content-type": BATCH})
            assert response.status_code == 200, response.text
            answer: dict[str, Any] = response.json()
            return answer

        return list(pool.map(send, batches))


def test_each_identity_is_stored_once_however_many_send_it_at_once(
    collector_anywhere: RunningCollector, engine: Engine
) -> None:
    chance = random.Random(1)
    batches = [[event(chance.randrange(200)) for _ in range(25)] for _ in range(80)]
    for batch in batches[::4]:
        batch.append(event(chance.randrange(200), type="order.cancelled"))
        batch.append(event(1, source=""))
    sent = sum(map(len, batches))

    answers = send_all(collector_anywhere.url, batches, clients=16)

    accepted = sum(answer["accepted"] for answer in answers)
    duplicates = sum(answer["duplicates"] for answer in answers)
    rejected = sum(len(answer["rejected"]) for answer in answers)
    stored = engine.select(collector_anywhere.store, "SELECT source, event_id FROM events")
    identities = {(one["source"], one["id"]) for batch in batches for one in batch if one["source"]}
    assert accepted + duplicates + rejected == sent
    assert accepted == len(stored) == len(identities)
    assert {(row["source"], row["event_id"]) for row in stored} == identities
    assert len(collector_anywhere.letters()) == rejected == collector_anywhere.total("dead_letters_total")
    assert collector_anywhere.total("events_received_total") == sent


def test_single_events_sent_at_once_are_stored_once(collector: RunningCollector) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: collector.send(event(number % 50)).json(), range(400)))

    assert sum(answer["accepted"] for answer in answers) == count_events(collector.store) == 50
    assert sum(answer["duplicates"] for answer in answers) == 350


def test_the_whole_input_three_times_in_any_order_changes_no_figure(
    collector: RunningCollector, engine: Engine
) -> None:
    chance = random.Random(2)
    events = [event(number, subject=f"quote/Q-{number % 9}", type=f"type.{number % 5}") for number in range(500)]
    collector.send_batch(events)
    once = read_side(engine, collector.store)
    thrice = events * 3
    chance.shuffle(thrice)

    with running_collector(collector.store) as restarted:
        answers = send_all(restarted.url, [thrice[start : start + 60] for start in range(0, 1500, 60)], clients=8)

    assert sum(answer["duplicates"] for answer in answers) == 1500
    assert read_side(engine, collector.store) == once


def test_two_collectors_that_take_the_same_input_at_once_change_no_figure(
    collector: RunningCollector, engine: Engine
) -> None:
    events = [event(number) for number in range(200)]
    batches = [events[start : start + 10] for start in range(0, 200, 10)]
    with running_collector(collector.store) as other, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda url: send_all(url, batches, clients=4), [collector.url, other.url]))

    found = read_side(engine, collector.store)

    assert [row["event_id"] for row in found["events"]] == sorted(f"e-{number}" for number in range(200))
    assert len(found["milestones"]) == 200


def test_the_filter_and_the_store_hash_identities_alike(collector: RunningCollector) -> None:
    identities = [
        ("crm", "e-1"),
        ("urn:é", "日本😀"),
        ("a", "'\\\""),
        ("https://x.example/?q=1#f", " "),
        ("a", "x" * 5000),
    ]
    collector.send_batch([event(1, source=source, id=event_id) for source, event_id in identities])

    stored = np.sort(identity_hashes(collector.store))

    assert stored.tolist() == sorted(identity_hash(source, event_id) for source, event_id in identities)


@pytest.mark.clickhouse_server
def test_while_the_store_is_away_nothing_is_acknowledged_and_later_all_is_taken(
    engine: Engine, migrated_database: str
) -> None:
    engine.clear(migrated_database)
    first = ClickHouseEndpoint(engine.folder)
    away = (
        f"the store at 127.0.0.1:{first.server_port}/{migrated_database} does not answer: "
        "Failed to establish a new connection: [Errno 111] Connection refused"
    )
    traces = otlp_request(span()).SerializeToString()
    with ExitStack() as closing:
        with serving(first):
            store = closing.enter_context(Store(first.dsn(migrated_database)))
            collector = closing.enter_context(running_collector(store))
            assert collector.send(event(1)).status_code == 202

        refused = [
            collector.send(event(2)),
            collector.send(event(1)),
            collector.post(json.dumps([event(3)]).encode(), BATCH),
            collector.post(b"not JSON", STRUCTURED),
            collector.post(traces, "application/x-protobuf", "/v1/traces"),
        ]

        assert [response.status_code for response in refused] == [503] * 5
        assert {response.headers["retry-after"] for response in refused} == {"5"}
        assert refused[0].json() == {"code": "unavailable", "reason": away}
        assert Status.FromString(refused[4].content) == Status(code=UNAVAILABLE, message=away)
        ready, alive = collector.http.get("/readyz"), collector.http.get("/healthz")
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready", "store": "away", "reason": away})
        assert alive.status_code == 200
        assert collector.total("events_stored_total") == collector.total("spans_received_total") == 1
        assert collector.total("events_received_total") == 1 + 4
        assert collector.total("requests_refused_total") == 5

        with serving(ClickHouseEndpoint(engine.folder, port=first.server_port)):
            assert collector.http.get("/readyz").status_code == 200
            answer = collector.send_batch([event(1), event(2), event(3)])
            assert answer == {"accepted": 2, "duplicates": 1, "rejected": []}
            assert collector.post(traces, "application/x-protobuf", "/v1/traces").status_code == 200
            assert count_events(store) == 3


def test_what_the_store_refuses_for_a_reason_of_its_own_is_put_off_and_later_taken(
    collector_anywhere: RunningCollector, engine: Engine
) -> None:
    collector, store = collector_anywhere, collector_anywhere.store
    traces = otlp_request(span(span_id=b"2" * 8)).SerializeToString()
    tables = ("events", "otel_traces")
    collector.send(event(1))
    stored = otlp_request(span()).SerializeToString()
    assert collector.post(stored, "application/x-protobuf", "/v1/traces").status_code == 200
    try:
        for table in tables:
            engine.select(store, f"ALTER TABLE {table} MODIFY SETTING parts_to_throw_insert = 1")
        answers = [
            collector.send(event(2)),
            collector.post(json.dumps([event(1), event(2), event(3)]).encode(), BATCH),
            collector.post(traces, "application/x-protobuf", "/v1/traces"),
        ]
    finally:
        for table in tables:
            engine.select(store, f"ALTER TABLE {table} RESET SETTING parts_to_throw_insert")

    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.headers["retry-after"] for answer in answers} == {"5"}
    assert "TOO_MANY_PARTS" in answers[0].json()["reason"]
    assert Status.FromString(answers[2].content).code == UNAVAILABLE
    assert collector.letters() == []
    assert collector.send_batch([event(1), event(2), event(3)]) == {"accepted": 2, "duplicates": 1, "rejected": []}
