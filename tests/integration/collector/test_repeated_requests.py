"""OTLP requests that their senders repeat are taken each time and stored once, whatever the protocol and encoding."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from collector.receivers.otlp import JSON, PROTOBUF
from collector.receivers.otlp_logs import read_logs
from domain.errors import StoreError
from storage.client import PATIENCE_SECONDS, Store
from tests.builders import NOW, otlp_request, span
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import RunningCollector, running_collector

SPANS = otlp_request(span(), span(span_id=b"2" * 8, error="erp said no"))
REQUESTS = {
    ("/v1/traces", PROTOBUF): SPANS.SerializeToString(),
    ("/v1/traces", JSON): (
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "0af7651916cd43dd8448eb211c80319c", '
        b'"spanId": "b7ad6b7169203331", "startTimeUnixNano": "1793611800000000001"}]}]}]}'
    ),
    ("/v1/logs", PROTOBUF): log_request(record("failed"), record("fine", 9), record("failed")),
    ("/v1/logs", JSON): (
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1793611800000000001", '
        b'"severityNumber": 17, "body": {"stringValue": "told in JSON"}}]}]}]}'
    ),
}
FIGURES = {
    "spans": "SELECT TraceId, SpanId, StatusCode FROM otel_traces ORDER BY ALL",
    "traces": "SELECT TraceId, min(Start), max(End) FROM otel_traces_trace_id_ts GROUP BY 1 ORDER BY ALL",
    "logs": "SELECT Timestamp, Body, SeverityNumber FROM otel_logs ORDER BY ALL",
}


class MuteStore(Store):
    """A store that stores what it is given and, while told so, says that it did not."""

    is_mute = False

    def insert(
        self,
        table: str,
        body: bytes,
        fmt: str = "JSONEachRow",
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> None:
        super().insert(table, body, fmt, settings, seconds)
        if self.is_mute:
            raise StoreError("nobody knows")


@pytest.fixture
def mute(engine: Engine, embedded_store: Store) -> Iterator[MuteStore]:
    with MuteStore(engine.dsn(embedded_store.database)) as store:
        yield store


def figures(engine: Engine, store: Store) -> dict[str, object]:
    return {name: engine.select(store, query) for name, query in FIGURES.items()}


def send_all(collector: RunningCollector) -> list[int]:
    return [collector.post(body, kind, path).status_code for (path, kind), body in REQUESTS.items()]


def test_what_is_sent_three_times_changes_no_figure(collector_anywhere: RunningCollector, engine: Engine) -> None:
    collector, store = collector_anywhere, collector_anywhere.store
    assert send_all(collector) == [200] * 4
    once = figures(engine, store)

    assert send_all(collector) + send_all(collector) == [200] * 8

    assert figures(engine, store) == once
    assert [collector.total(f"spans_{what}_total") for what in ("received", "stored", "duplicate")] == [9, 3, 6]
    names = ("log_records_received", "log_errors_stored", "log_errors_duplicate", "log_records_passed")
    assert [collector.total(f"{name}_total") for name in names] == [12, 3, 6, 3]


def test_what_was_stored_without_a_word_is_not_stored_again(mute: MuteStore, engine: Engine) -> None:
    with running_collector(mute) as collector:
        mute.is_mute = True
        assert send_all(collector) == [503] * 4
        mute.is_mute = False
        once = figures(engine, mute)

        assert send_all(collector) == [200] * 4

        assert figures(engine, mute) == once
        assert collector.total("spans_duplicate_total") == collector.total("log_errors_duplicate_total") == 3


def test_undated_records_are_others_each_time() -> None:
    undated = log_request(record("failed", time_unix_nano=0))

    first, second = (read_logs(PROTOBUF, undated, NOW + later) for later in (timedelta(0), timedelta(microseconds=1)))

    assert first.body != second.body
