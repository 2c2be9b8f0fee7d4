"""Dead letters tried again: through the same door, each stored once, with what was tried on record."""

import gzip
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from collector.local_door import local_replay
from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.replay import Selection
from domain.audit import Actor
from domain.clock import FixedClock
from domain.errors import StoreError, UsageError
from storage.client import PATIENCE_SECONDS, Store
from storage.dead_letter_attempts import list_attempts
from storage.dead_letters import DeadLetter, LetterFilter, insert_dead_letters, list_dead_letters
from storage.events import count_events
from tests.builders import NOW, otlp_request, span
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, event

BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "b-1",
    "ce-source": "erp",
    "ce-type": "order.posted",
    "ce-subject": "order/O-1",
}


def letter(dead_letter_id: str = "l-1", body: bytes | None = None, **changes: Any) -> DeadLetter:
    """A letter of an event that can be taken by now; it came an hour ago."""
    return DeadLetter(
        **{
            "dead_letter_id": dead_letter_id,
            "received_at": NOW - timedelta(hours=1),
            "channel": "events",
            "code": "source_not_allowed",
            "reason": "it could not be taken then",
            "content_type": STRUCTURED,
            "body": json.dumps(event(1)).encode() if body is None else body,
            **changes,
        }
    )


def replay(collector: RunningCollector, **wish: Any) -> list[dict[str, Any]]:
    """The results of one page of a replay over HTTP."""
    response = collector.http.post("/api/dead-letters/replay", json=wish)
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["results"]
    return results


def outcomes(results: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(result["dead_letter_id"], result["outcome"]) for result in results]


def states(store: Store) -> dict[str, str]:
    return {row["dead_letter_id"]: row["state"] for row in list_dead_letters(store, 100)}


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({}, id="a structured event"),
        pytest.param({"content_type": "application/json"}, id="an event sent as plain JSON"),
        pytest.param({"content_type": BATCH}, id="one event of a batch"),
        pytest.param(
            {"content_type": BATCH, "code": "invalid_json", "body": json.dumps([event(1)]).encode()},
            id="a whole batch",
        ),
        pytest.param(
            {
                "content_type": BATCH,
                "code": "unsupported_encoding",
                "headers": {"content-encoding": "gzip"},
                "body": gzip.compress(json.dumps([event(1)]).encode()),
            },
            id="a compressed batch",
        ),
        pytest.param({"content_type": "application/json", "headers": BINARY, "body": b'{"a": 1}'}, id="a binary event"),
        pytest.param({"content_type": "image/png", "headers": BINARY, "body": b"\x89\xff"}, id="a binary picture"),
    ],
)
def test_a_letter_that_can_be_taken_by_now_is_stored_once(
    collector_anywhere: RunningCollector, kept: Mapping[str, Any]
) -> None:
    collector = collector_anywhere
    insert_dead_letters(collector.store, [letter(**kept)])

    first = replay(collector, ids=["l-1"])
    again = replay(collector, ids=["l-1"])

    assert outcomes(first) == [("l-1", "accepted")]
    assert outcomes(again) == [("l-1", "duplicate")]
    assert count_events(collector.store) == 1
    assert states(collector.store) == {"l-1": "replayed"}


def test_a_letter_that_fails_again_waits_with_its_attempts_and_makes_no_new_letter(
    collector: RunningCollector,
) -> None:
    insert_dead_letters(collector.store, [letter(body=b'{"specversion": "1.0"}')])

    results = replay(collector, ids=["l-1"], by="ann")
    collector.clock.advance(timedelta(minutes=1))
    replay(collector, all=True, by="bob")

    reason = "id is missing; every event needs a non-empty id"
    assert [(one["outcome"], one["code"], one["reason"]) for one in results] == [("rejected", "missing_id", reason)]
    assert states(collector.store) == {"l-1": "waiting"}
    assert list_attempts(collector.store, "l-1") == [
        {"attempted_at": at, "attempted_by": by, "outcome": "rejected", "code": "missing_id", "reason": reason}
        for at, by in [(NOW, "ann"), (NOW + timedelta(minutes=1), "bob")]
    ]
    assert collector.total("dead_letter_replays_total") == 2
    assert collector.total("dead_letters_total") == collector.total("events_received_total") == 0


def test_a_conflict_is_told_again_and_makes_no_new_letter(collector: RunningCollector) -> None:
    collector.send(event(1))
    assert collector.send(event(1, type="order.cancelled")).status_code == 400
    [kept] = collector.letters()

    results = replay(collector, ids=[kept["dead_letter_id"]])

    assert [(one["outcome"], one["code"]) for one in results] == [("rejected", "conflict")]
    assert len(collector.letters()) == 1
    assert collector.total("dead_letters_total") == 1


def test_an_event_without_a_time_occurred_when_it_came_first(collector: RunningCollector, engine: Engine) -> None:
    body = {name: value for name, value in event(1).items() if name != "time"}
    insert_dead_letters(collector.store, [letter(body=json.dumps(body).encode())])

    replay(collector, ids=["l-1"])

    [row] = engine.select(collector.store, "SELECT occurred_at, received_at FROM events")
    assert row == {"occurred_at": NOW - timedelta(hours=1), "received_at": NOW}


def test_a_batch_of_which_some_fail_waits_and_is_told_so(collector: RunningCollector) -> None:
    body = json.dumps([event(1), event(2, id=""), event(3)]).encode()
    insert_dead_letters(collector.store, [letter(body=body, content_type=BATCH, code="invalid_json")])

    [result] = replay(collector, ids=["l-1"])

    reason = "1 of 3 events, the first because: id is missing; every event needs a non-empty id"
    assert (result["outcome"], result["reason"]) == ("rejected", reason)
    assert count_events(collector.store) == 2
    assert states(collector.store) == {"l-1": "waiting"}


def test_an_array_inside_a_batch_is_no_batch_when_it_is_replayed(collector: RunningCollector) -> None:
    collector.post(json.dumps([[event(1)]]).encode(), "application/json")
    [kept] = collector.letters()

    [result] = replay(collector, ids=[kept["dead_letter_id"]])

    assert (result["outcome"], result["code"]) == ("rejected", "not_cloudevents")
    assert count_events(collector.store) == 0


def test_one_event_of_a_batch_nested_too_deeply_is_told_so_again(collector: RunningCollector) -> None:
    collector.send_batch([event(1), event(2, data=json.loads("[" * 100 + "]" * 100))])
    [kept] = collector.letters()

    [result] = replay(collector, ids=[kept["dead_letter_id"]])

    assert (result["outcome"], result["code"], kept["code"]) == ("rejected", "nested_too_deeply", "nested_too_deeply")


def test_only_what_waits_and_matches_is_replayed_the_oldest_first(collector: RunningCollector) -> None:
    def one(number: int, **changes: Any) -> DeadLetter:
        return letter(f"l-{number}", json.dumps(event(number)).encode(), **changes)

    insert_dead_letters(
        collector.store,
        [
            one(1, source="crm", received_at=NOW - timedelta(minutes=1)),
            one(2, source="crm", received_at=NOW - timedelta(minutes=2)),
            one(3, source="erp"),
            one(4, source="crm", code="other"),
            one(5, source="crm", received_at=NOW - timedelta(days=2)),
            one(6, source="crm", channel="elsewhere"),
        ],
    )
    collector.http.post("/api/dead-letters/discard", json={"ids": ["l-2"], "reason": "sent by hand"})
    wish = {"source": "crm", "code": "source_not_allowed", "since": "2026-11-01T12:00:00Z", "channel": "events"}

    first = replay(collector, all=True, **wish)
    by_hand = replay(collector, ids=["l-2", "l-1"])

    assert outcomes(first) == [("l-1", "accepted")]
    assert outcomes(by_hand) == [("l-2", "accepted"), ("l-1", "duplicate")]
    assert [one["code"] for one in replay(collector, all=True, channel="elsewhere")] == ["unknown_channel"]


def test_a_dry_run_tells_what_would_become_of_each_and_changes_nothing(
    collector: RunningCollector, engine: Engine
) -> None:
    collector.send(event(1))
    letters = [
        letter("l-1", json.dumps(event(1)).encode()),
        letter("l-2", json.dumps(event(1, type="order.cancelled")).encode()),
        letter("l-3", json.dumps(event(3)).encode()),
        letter("l-4", json.dumps(event(3)).encode()),
        letter("l-5", json.dumps(event(3, type="order.cancelled")).encode()),
        letter("l-6", b"not JSON"),
    ]
    insert_dead_letters(collector.store, letters)

    foretold = replay(collector, all=True, dry_run=True)

    assert [(one["dead_letter_id"], one["outcome"], one["code"]) for one in foretold] == [
        ("l-1", "duplicate", ""),
        ("l-2", "rejected", "conflict"),
        ("l-3", "accepted", ""),
        ("l-4", "duplicate", ""),
        ("l-5", "rejected", "conflict"),
        ("l-6", "rejected", "invalid_json"),
    ]
    assert count_events(collector.store) == 1
    assert engine.select(collector.store, "SELECT * FROM dead_letter_attempts") == []
    assert foretold == replay(collector, all=True)


def test_spans_of_a_letter_are_stored_once(collector_anywhere: RunningCollector, engine: Engine) -> None:
    collector = collector_anywhere
    stored = span(name="stored", span_id=b"\x01" * 8)
    collector.post(otlp_request(stored).SerializeToString(), "application/x-protobuf", "/v1/traces")
    body = otlp_request(stored, span(name="new", span_id=b"\x02" * 8)).SerializeToString()
    kept = {"channel": "traces", "content_type": "application/x-protobuf", "code": "store_refused"}
    insert_dead_letters(collector.store, [letter("l-1", body, **kept), letter("l-2", body, **kept)])

    foretold = replay(collector, all=True, dry_run=True)
    results = replay(collector, all=True)

    assert outcomes(foretold) == [("l-1", "accepted"), ("l-2", "accepted")]
    assert outcomes(results) == [("l-1", "accepted"), ("l-2", "duplicate")]
    names = engine.select(collector.store, "SELECT SpanName FROM otel_traces ORDER BY SpanName")
    assert [row["SpanName"] for row in names] == ["new", "stored"]
    assert collector.total("spans_received_total") == collector.total("spans_stored_total") == 2


def test_a_trace_letter_that_is_no_trace_is_rejected_again(collector: RunningCollector) -> None:
    collector.post(b"\xff\xff", "application/x-protobuf", "/v1/traces")
    [kept] = collector.letters()

    [result] = replay(collector, ids=[kept["dead_letter_id"]])

    reason = "the body is not an OTLP ExportTraceServiceRequest"
    assert (result["outcome"], result["code"], result["reason"]) == ("rejected", "invalid_protobuf", reason)


class CutShort(Store):
    """A store whose power fails right before an attempt is recorded."""

    has_power = False

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        if table == "dead_letter_attempts" and not self.has_power:
            raise StoreError("the power failed")
        super().insert(table, body, fmt, settings, seconds)


def test_a_replay_cut_short_before_its_record_is_a_duplicate_the_next_time(
    engine: Engine, embedded_store: Store
) -> None:
    spans = otlp_request(span()).SerializeToString()
    traces = {"channel": "traces", "content_type": "application/x-protobuf"}
    with CutShort(engine.dsn(embedded_store.database)) as store:
        insert_dead_letters(store, [letter("l-1"), letter("l-2", spans, **traces)])
        with pytest.raises(StoreError, match="the power failed"):
            local_replay(store, FixedClock(NOW)).run(Selection(), Actor("ann"))
        assert states(store) == {"l-1": "waiting", "l-2": "waiting"}
        store.has_power = True

        page = local_replay(store, FixedClock(NOW)).run(Selection(), Actor("ann"))

        assert [(kept.dead_letter_id, fate.outcome) for kept, fate in page.results] == [
            ("l-1", "duplicate"),
            ("l-2", "duplicate"),
        ]
        assert count_events(store) == len(engine.select(store, "SELECT 1 FROM otel_traces")) == 1
        assert states(store) == {"l-1": "replayed", "l-2": "replayed"}


def test_more_letters_than_a_page_holds_are_replayed_page_by_page(
    monkeypatch: pytest.MonkeyPatch, embedded_store: Store
) -> None:
    monkeypatch.setattr("collector.replay.LETTERS_A_PAGE", 2)
    letters = [letter(f"l-{number}", json.dumps(event(number)).encode()) for number in range(3)]
    insert_dead_letters(embedded_store, letters)
    replays = local_replay(embedded_store, FixedClock(NOW))

    first = replays.run(Selection(), Actor("ann"))
    assert first.rest is not None
    second = replays.run(Selection(after=first.rest), Actor("ann"))

    assert [kept.dead_letter_id for kept, _ in first.results] == ["l-0", "l-1"]
    assert [kept.dead_letter_id for kept, _ in second.results] == ["l-2"]
    assert second.rest is None


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        pytest.param({}, "no letters are named; give their ids, or all with or without a filter", id="nothing"),
        pytest.param(
            {"source": "crm"}, "no letters are named; give their ids, or all with or without a filter", id="no all"
        ),
        pytest.param(
            {"ids": ["l-1"], "code": "conflict"},
            "ids and a filter are both there; give the ids of letters, or a filter with all",
            id="both",
        ),
        pytest.param(
            {"ids": ["l-9", "l-1"]},
            "there is no dead letter 'l-9'; `milepost dead-letters list` shows their ids",
            id="an unknown id",
        ),
        pytest.param(
            {"all": True, "since": "soon"},
            "'soon' is not an instant; give RFC 3339, such as 2026-11-02T09:30:00Z",
            id="a wrong instant",
        ),
        pytest.param(
            {"everything": True},
            "the body is not what is taken here: Object contains unknown field `everything`",
            id="an unknown word",
        ),
    ],
)
def test_a_replay_that_is_not_clear_replays_nothing(
    collector: RunningCollector, wish: dict[str, Any], reason: str
) -> None:
    insert_dead_letters(collector.store, [letter()])

    response = collector.http.post("/api/dead-letters/replay", json=wish)

    assert (response.status_code, response.json()) == (400, {"reason": reason})
    assert states(collector.store) == {"l-1": "waiting"}


def test_a_letter_is_discarded_only_for_a_reason(embedded_store: Store) -> None:
    insert_dead_letters(embedded_store, [letter()])
    replays = local_replay(embedded_store, FixedClock(NOW))

    with pytest.raises(UsageError) as refusal:
        replays.discard(["l-1"], Actor("ann"), " ")
    assert str(refusal.value) == "a dead letter is discarded for a reason; say which"

    assert replays.discard(["l-1"], Actor("ann"), "sent twice by a test") == 1
    assert states(embedded_store) == {"l-1": "discarded"}
    assert replays.run(Selection(), Actor("ann")).results == []


def test_letters_are_listed_by_what_they_are(embedded_store: Store) -> None:
    insert_dead_letters(
        embedded_store,
        [
            letter("l-1", source="crm"),
            letter("l-2", source="erp", code="conflict"),
            letter("l-3", channel="traces", received_at=NOW),
        ],
    )
    local_replay(embedded_store, FixedClock(NOW)).discard(["l-2"], Actor("ann"), "a test")

    def listed(**narrow: Any) -> list[str]:
        return [row["dead_letter_id"] for row in list_dead_letters(embedded_store, 10, LetterFilter(**narrow))]

    assert listed() == ["l-3", "l-1", "l-2"]
    assert listed(source="crm") == ["l-1"]
    assert listed(code="conflict") == ["l-2"]
    assert listed(channel="traces") == ["l-3"]
    assert listed(since=NOW) == ["l-3"]
    assert listed(state="waiting") == ["l-3", "l-1"]
    assert listed(state="discarded") == ["l-2"]
    assert listed(source="nobody") == []
