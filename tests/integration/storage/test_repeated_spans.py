"""Whatever is read from spans and log records says the same when each is stored three times, minutes apart."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from storage import sql_files
from storage.client import Store, encode_rows
from storage.events import insert_events
from tests.builders import NOW, event_row

MINUTE = timedelta(minutes=1)
SIGNAL = {"first": NOW - MINUTE, "steps": 30, "window_us": 300_000_000, "known_at": NOW + 60 * MINUTE}
OBJECTS = [("order", "O-1"), ("order", "O-2")]
READERS: Mapping[str, Mapping[str, object]] = {
    "signal_failed_transactions": {**SIGNAL, "per": ["service"]},
    "signal_api_error_rate": {**SIGNAL, "per": ["from_service", "to_service"]},
    "signal_api_latency": {**SIGNAL, "per": ["from_service", "to_service"]},
    "traces_by_attributes": {
        "attributes": [("order.id", "O-1")],
        "values": ["O-1"],
        "since": NOW - MINUTE,
        "until": NOW + 60 * MINUTE,
        "limit": 1,
    },
    "objects_traced_to": {"correlation_ids": ["q2c-1", "q2c-2"], "limit": 3},
    "console_spans": {"trace_ids": [f"{1:032x}"], "correlation_ids": ["q2c-2"], "limit": 5},
    "traced_correlations": {"objects": OBJECTS},
    "stored_spans": {
        "trace_ids": [f"{1:032x}"],
        "span_ids": ["a", "b"],
        "is_dated": False,
        "since": 0,
        "until": 0,
    },
}
# When something came last, and each record that is stored, are what they are.
NO_FIGURES = {"first_span_received", "next_span_received", "latest_span", "stored_log_records"}
# test_alert_causes.py says that spans sent again change no cause.
CAUSES = {"alerts_to_explain", "explain_alerts"}
# test_hop_calls.py says so of calls between services.
HOPS = {"keep_hop_calls"}


def calls(minutes: int) -> list[dict[str, object]]:
    """Calls from the CRM to the ERP in four traces, received so long after their time."""
    rows: list[dict[str, object]] = []
    for number in range(1, 5):
        trace = {
            "TraceId": f"{number:032x}",
            "CorrelationId": f"q2c-{number}",
            "Timestamp": NOW + number * MINUTE,
            "ReceivedAt": NOW + (number + minutes) * MINUTE,
            "SpanAttributes": {"order.id": f"O-{number}"},
        }
        failed = "Error" if number == 1 else "Ok"
        rows += [
            {**trace, "SpanId": "a", "ServiceName": "crm", "SpanKind": "Client", "Duration": 10**8},
            {
                **trace,
                "SpanId": "b",
                "ParentSpanId": "a",
                "ServiceName": "erp",
                "SpanKind": "Server",
                "Duration": number * 10**8,
                "StatusCode": failed,
            },
        ]
    return rows


def answers(store: Store, query: str) -> list[Sequence[Any]]:
    rows = store.tuples(query, READERS[query])[1]
    if query == "signal_failed_transactions":
        # That spans come again shows that their service lives, so none failed where nothing was known.
        rows = [row for row in rows if row[-1]]
    return sorted(map(list, rows), key=repr)


@pytest.mark.parametrize("query", READERS)
def test_spans_stored_three_times_are_read_once(store: Store, query: str) -> None:
    insert_events(
        store, [event_row(f"e-{number}", objects=[f"order/O-{number}"], trace_id=f"{number:032x}") for number in (1, 2)]
    )
    store.insert("otel_traces", encode_rows(calls(0)))
    once = answers(store, query)

    for minutes in (2, 9):
        store.insert("otel_traces", encode_rows(calls(minutes)))

    assert once
    assert answers(store, query) == once


def test_every_query_over_spans_and_logs_is_among_them() -> None:
    queries = {
        path.stem
        for path in sql_files.QUERIES.glob("*.sql")
        if any(table in path.read_text(encoding="utf-8") for table in ("otel_traces", "otel_logs"))
    }
    assert queries == READERS.keys() | NO_FIGURES | CAUSES | HOPS
