"""POST /v1/events over real HTTP: what is answered, what is stored, what is kept of the rest."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from collector.receivers.cloudevents import BATCH, STRUCTURED
from domain.instants import to_micros
from storage.client import Store
from storage.events import count_events
from storage.store_clock import store_now
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, SlowStore, event, running_collector
from tests.waiting import eventually

CONFLICT = "an event of this source and id is stored with other content; an id names one fact"


def test_an_acknowledged_event_is_in_the_store(collector_anywhere: RunningCollector, engine: Engine) -> None:
    response = collector_anywhere.send(event(7))

    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicates": 0})
    [row] = engine.select(collector_anywhere.store, "SELECT event_id, correlation_id, received_at FROM events")
    store = collector_anywhere.store
    received_at = row.pop("received_at")
    assert row == {"event_id": "e-7", "correlation_id": "q2c-000007"}
    # On a server by its clock, which all collectors share.
    assert abs(received_at - (NOW if store.is_embedded else store_now(store))) < timedelta(minutes=1)
    [milestone] = engine.select(collector_anywhere.store, "SELECT object_id, type FROM object_milestones")
    assert milestone == {"object_id": "O-7", "type": "order.approved"}


def test_a_batch_is_answered_event_by_event(collector_anywhere: RunningCollector) -> None:
    collector_anywhere.send(event(1))

    answer = collector_anywhere.send_batch(
        [event(1), event(2), event(3, type=""), event(1, type="order.cancelled"), event(2), event(4, id=None)]
    )

    assert answer == {
        "accepted": 1,
        "duplicates": 2,
        "rejected": [
            {
                "index": 2,
                "id": "e-3",
                "code": "missing_type",
                "reason": "type is missing; every event needs a non-empty type",
            },
            {"index": 3, "id": "e-1", "code": "conflict", "reason": CONFLICT},
            {
                "index": 5,
                "id": None,
                "code": "missing_id",
                "reason": "id is missing; every event needs a non-empty id",
            },
        ],
    }
    assert count_events(collector_anywhere.store) == 2


def test_an_empty_batch_is_answered(collector: RunningCollector) -> None:
    assert collector.send_batch([]) == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_a_repeat_is_acknowledged_and_changes_nothing(collector: RunningCollector) -> None:
    collector.send(event(1))

    response = collector.send(event(1, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))

    assert (response.status_code, response.json()) == (202, {"accepted": 0, "duplicates": 1})
    assert count_events(collector.store) == 1
    assert collector.letters() == []


def test_a_conflict_is_refused_and_kept_as_a_dead_letter(collector: RunningCollector) -> None:
    collector.send(event(1))
    other = json.dumps(event(1, type="order.cancelled"), indent=3).encode()

    response = collector.post(other, STRUCTURED)

    assert (response.status_code, response.json()) == (400, {"code": "conflict", "reason": CONFLICT})
    [letter] = collector.letters()
    assert (letter["code"], letter["reason"], letter["source"], letter["event_id"]) == (
        "conflict",
        CONFLICT,
        "crm",
        "e-1",
    )
    assert (letter["channel"], letter["content_type"], letter["body"]) == ("events", STRUCTURED, other)
    assert letter["received_at"] == NOW


def test_events_of_one_id_from_two_sources_are_two_facts(collector: RunningCollector) -> None:
    answer = collector.send_batch([event(1), event(1, source="erp")])

    assert answer == {"accepted": 2, "duplicates": 0, "rejected": []}


def test_repeats_are_known_after_a_restart(collector: RunningCollector) -> None:
    events = [event(number) for number in range(300)]
    collector.send_batch(events)

    with running_collector(collector.store) as again:
        answer = again.send_batch([*events, event(1, type="order.cancelled"), event(300)])

    assert (answer["accepted"], answer["duplicates"], len(answer["rejected"])) == (1, 300, 1)


@pytest.mark.parametrize(
    "event_id",
    [
        pytest.param('it\'s \\ "quoted"', id="quotes and a backslash"),
        pytest.param("(1),[2],{x:String}%s?", id="what queries are made of"),
        pytest.param("日本語😀", id="characters beyond ASCII"),
        pytest.param(" e ", id="spaces around"),
        pytest.param("\\" * 14_900, id="as many characters as there may be, each escaped"),
    ],
)
def test_an_identity_of_any_characters_is_known_again(collector_anywhere: RunningCollector, event_id: str) -> None:
    collector_anywhere.send(event(1, id=event_id))

    assert collector_anywhere.send(event(1, id=event_id)).json() == {"accepted": 0, "duplicates": 1}


def test_a_large_input_sent_again_is_known_again(collector_anywhere: RunningCollector) -> None:
    events = [event(number) for number in range(10_000)]
    collector_anywhere.send_batch(events)

    assert collector_anywhere.send_batch(events) == {"accepted": 0, "duplicates": 10_000, "rejected": []}


def test_an_event_without_a_time_occurred_when_it_came_and_is_known_again(
    collector: RunningCollector, engine: Engine
) -> None:
    for _ in range(2):
        assert collector.send(event(1, time=None)).status_code == 202

    [row] = engine.select(collector.store, "SELECT occurred_at FROM events")
    assert row == {"occurred_at": NOW}


def test_business_time_and_money_are_stored_exactly(collector: RunningCollector, engine: Engine) -> None:
    data = (
        b'{"objects":[{"type":"order","id":"O-1"}],"amount":12345678901234567890123456789.123456789,"currency":"EUR"}'
    )
    body = json.dumps(event(1, time="2026-11-02T09:30:00.123456+05:30", data="@")).encode().replace(b'"@"', data)

    assert collector.post(body, STRUCTURED).status_code == 202

    query = "SELECT toString(amount) AS amount, toUnixTimestamp64Micro(occurred_at) AS at, data FROM events"
    [row] = engine.select(collector.store, query)
    assert row == {
        "amount": "12345678901234567890123456789.123456789",
        "at": to_micros(NOW) - 8 * 3600 * 1_000_000 + 123456,
        "data": data.decode(),
    }


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status", "code"),
    [
        pytest.param(b"not JSON", STRUCTURED, {}, 400, "invalid_json", id="no JSON"),
        pytest.param(b"\x00\xff\xfe", BATCH, {}, 400, "invalid_json", id="binary"),
        pytest.param(b"", STRUCTURED, {}, 400, "invalid_json", id="nothing"),
        pytest.param(b"[]", STRUCTURED, {}, 400, "not_cloudevents", id="an array"),
        pytest.param(b"<a/>", "application/xml", {}, 400, "not_cloudevents", id="no CloudEvent"),
        pytest.param(b"Obj\x01", "application/cloudevents+avro", {}, 415, "unsupported_media_type", id="Avro"),
        pytest.param(
            b"\x02\x04{}", STRUCTURED, {"content_encoding": "snappy"}, 415, "unsupported_encoding", id="snappy"
        ),
        pytest.param(
            b"\x1f\x8b\x00", STRUCTURED, {"content_encoding": "gzip"}, 400, "invalid_encoding", id="broken gzip"
        ),
    ],
)
def test_a_request_that_is_no_cloudevents_is_refused_and_kept_as_it_was_sent(
    collector: RunningCollector, body: bytes, content_type: str, headers: dict[str, str], status: int, code: str
) -> None:
    response = collector.post(body, content_type, **headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    [letter] = collector.letters()
    assert (letter["code"], letter["reason"]) == (code, response.json()["reason"])
    assert (letter["body"], letter["content_type"]) == (body, content_type)
    assert letter["headers"] == {name.replace("_", "-"): value for name, value in headers.items()}
    assert collector.total("dead_letters_total") == 1


def test_what_is_refused_at_once_is_kept_in_few_inserts(
    embedded_store: Store, engine: Engine, migrated_database: str
) -> None:
    bodies = [b"line %d is no event" % number for number in range(30)]
    with (
        SlowStore(engine.dsn(migrated_database)) as store,
        running_collector(store) as collector,
        ThreadPoolExecutor(len(bodies)) as pool,
    ):
        waiting = [pool.submit(collector.post, body, STRUCTURED) for body in bodies]
        eventually(lambda: collector.total("commit_waiting") == sum(map(len, bodies)), "all of them wait")
        store.may_take.set()
        answers = [one.result() for one in waiting]
        letters = collector.letters()

    assert {answer.status_code for answer in answers} == {400}
    assert [letter["body"] for letter in letters] == sorted(bodies)
    # Those that came first, and all others.
    assert store.inserts["dead_letters"] <= 2


def test_a_refused_binary_event_is_kept_with_its_attributes_and_without_secrets(collector: RunningCollector) -> None:
    attributes = {"ce_specversion": "1.0", "ce_id": "e-1", "ce_source": "crm", "ce_type": "a", "ce_subject": "%ff"}

    response = collector.post(b"\x00\xff", "image/png", authorization="Bearer secret", **attributes)

    assert response.json() == {"code": "invalid_header", "reason": "header ce-subject is not percent-encoded UTF-8"}
    [letter] = collector.letters()
    assert letter["body"] == b"\x00\xff"
    assert letter["headers"] == {name.replace("_", "-"): value for name, value in attributes.items()}


def test_a_body_over_the_limit_is_answered_413(collector: RunningCollector) -> None:
    bomb = gzip.compress(bytes(21 * 1024 * 1024), 1)

    response = collector.post(bomb, STRUCTURED, content_encoding="gzip")

    reason = "the body is larger than 20971520 bytes; send smaller batches"
    assert (response.status_code, response.json()) == (413, {"code": "body_too_large", "reason": reason})
    assert collector.total("requests_refused_total") == 1


def test_a_compressed_batch_is_taken(collector: RunningCollector) -> None:
    body = gzip.compress(json.dumps([event(1), event(2)]).encode())

    assert collector.post(body, BATCH, content_encoding="gzip").json()["accepted"] == 2


def test_a_binary_event_is_taken(collector: RunningCollector, engine: Engine) -> None:
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": "e-1",
        "ce_source": "crm",
        "ce_type": "file.sent",
        "ce_time": "2026-11-02T09:30:00Z",
    }

    response = collector.post(b"\x00\x01\xff", "application/octet-stream", ce_subject="batch/B%2D1", **attributes)

    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicates": 0})
    [row] = engine.select(collector.store, "SELECT subject, data, data_base64, objects FROM events")
    assert row == {
        "subject": "batch/B-1",
        "data": "AAH/",
        "data_base64": True,
        "objects": [{"type": "batch", "id": "B-1", "qualifier": ""}],
    }


@pytest.mark.parametrize("path", ["/v1/profiles", "/v1/event", "/v2/events"])
def test_another_path_is_not_found(collector: RunningCollector, path: str) -> None:
    assert collector.post(b"{}", "application/json", path).status_code == 404


@pytest.mark.parametrize("path", ["/v1/events", "/v1/traces"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_refused(collector: RunningCollector, method: str, path: str) -> None:
    response = collector.http.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json() == {"code": "method_not_allowed", "reason": "send POST"}


def test_a_sender_that_asks_first_is_answered_that_it_may_deliver(collector: RunningCollector) -> None:
    asked = {"WebHook-Request-Origin": "events.example.com", "WebHook-Request-Rate": "120"}

    answer = collector.http.options("/v1/events", headers=asked)

    assert answer.status_code == 200
    told = {name: answer.headers[name] for name in ("allow", "webhook-allowed-origin", "webhook-allowed-rate")}
    assert told == {"allow": "POST", "webhook-allowed-origin": "events.example.com", "webhook-allowed-rate": "*"}


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs"])
def test_nobody_asks_first_whether_spans_may_be_sent(collector: RunningCollector, path: str) -> None:
    answer = collector.http.options(path, headers={"WebHook-Request-Origin": "events.example.com"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_counters_balance_over_everything_that_came(collector: RunningCollector) -> None:
    events: list[Any] = [event(number % 40, **({"type": ""} if number % 7 == 0 else {})) for number in range(100)]
    events += [None, 5, event(1, type="order.cancelled")]
    for start in range(0, len(events), 20):
        collector.send_batch(events[start : start + 20])
    collector.send(event(1))
    collector.send(event(1, id=""))

    received = collector.total("events_received_total")
    settled = [collector.total(f"{name}_total") for name in ("events_stored", "events_duplicate", "dead_letters")]
    assert received == len(events) + 2 == sum(settled)
    assert settled[0] == count_events(collector.store)
    assert settled[2] == len(collector.letters())


def test_the_metrics_page_tells_what_was_stored(collector: RunningCollector) -> None:
    collector.send_batch([event(1), event(1), event(2)])

    page = collector.http.get("/metrics").text

    assert "milepost_events_received_total 3.0\n" in page
    assert "milepost_events_stored_total 2.0\n" in page
    assert "milepost_events_duplicate_total 1.0\n" in page


def test_a_collector_with_its_store_is_alive_and_ready(collector: RunningCollector) -> None:
    alive, ready = collector.http.get("/healthz"), collector.http.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_a_collector_whose_commits_have_ended_is_not_alive(collector: RunningCollector) -> None:
    collector.collector.stop()

    response = collector.http.get("/healthz")

    reason = "nothing is stored any more; restart"
    assert (response.status_code, response.json()) == (503, {"status": "dead", "reason": reason})
