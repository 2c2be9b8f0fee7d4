"""Dead letters of log requests tried again: each error is stored once, and what brings nothing says why."""

import gzip
from datetime import timedelta
from typing import Any

import pytest

from collector.local_door import local_replay
from collector.receivers.otlp import PROTOBUF
from collector.replay import Selection
from domain.audit import Actor
from domain.clock import FixedClock
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import RunningCollector
from tests.integration.collector.test_replay import outcomes, replay, states


def letter(dead_letter_id: str, body: bytes, **changes: Any) -> DeadLetter:
    """A letter of logs that came an hour ago."""
    kept = {"channel": "logs", "content_type": PROTOBUF, "code": "store_refused", "reason": "not then", **changes}
    return DeadLetter(dead_letter_id, NOW - timedelta(hours=1), body=body, **kept)


def bodies(store: Store, engine: Engine) -> list[str]:
    return [row["Body"] for row in engine.select(store, "SELECT Body FROM otel_logs ORDER BY Body")]


def test_errors_of_a_letter_are_stored_once(collector_anywhere: RunningCollector, engine: Engine) -> None:
    collector = collector_anywhere
    collector.post(log_request(record("stored")), PROTOBUF, "/v1/logs")
    mixed = log_request(record("stored"), record("fresh"), record("fresh"), record("fine", 9))
    packed = {"headers": {"content-encoding": "gzip"}}
    insert_dead_letters(collector.store, [letter("l-1", mixed), letter("l-2", gzip.compress(mixed), **packed)])

    dry = replay(collector, all=True, dry_run=True)
    first = replay(collector, all=True)
    again = replay(collector, ids=["l-1"])

    assert outcomes(dry) == [("l-1", "accepted"), ("l-2", "accepted")]
    assert outcomes(first) == [("l-1", "accepted"), ("l-2", "duplicate")]
    assert outcomes(again) == [("l-1", "duplicate")]
    assert bodies(collector.store, engine) == ["fresh", "fresh", "stored"]
    assert states(collector.store) == {"l-1": "replayed", "l-2": "replayed"}
    assert collector.total("log_records_received_total") == collector.total("log_errors_stored_total") == 3


def test_an_error_without_a_time_was_observed_when_its_letter_came(collector: RunningCollector, engine: Engine) -> None:
    insert_dead_letters(collector.store, [letter("l-1", log_request(record("undated", time_unix_nano=0)))])

    replay(collector, all=True)
    again = replay(collector, ids=["l-1"])

    rows = engine.select(collector.store, "SELECT Timestamp FROM otel_logs")
    assert rows == [{"Timestamp": NOW - timedelta(hours=1)}]
    assert outcomes(again) == [("l-1", "duplicate")]


@pytest.mark.parametrize(
    ("body", "fate"),
    [
        pytest.param(
            b"\xff",
            ("rejected", "invalid_protobuf", "the body is not an OTLP ExportLogsServiceRequest"),
            id="no log request",
        ),
        pytest.param(
            log_request(record("fine", 9)),
            ("accepted", "", "it holds no errors, and of logs only errors are stored"),
            id="a request without errors",
        ),
    ],
)
def test_a_letter_that_brings_nothing_says_why(
    embedded_store: Store, engine: Engine, body: bytes, fate: tuple[str, str, str]
) -> None:
    insert_dead_letters(embedded_store, [letter("l-1", body)])

    page = local_replay(embedded_store, FixedClock(NOW)).run(Selection(ids=("l-1",)), Actor("ann"))

    [(_, told)] = page.results
    assert (told.outcome, told.code, told.reason) == fate
    assert bodies(embedded_store, engine) == []
