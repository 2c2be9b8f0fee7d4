"""Alerts that wait for their posting, and the spans of calls that failed, which causes are found in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.alert import Alert
from domain.alert_cause import UNKNOWN_CAUSE, AlertCause
from domain.alert_evidence import AlertEvidence
from rules.cause_finding import CauseFinder
from storage.alert_causes import alert_causes
from storage.alerts import write_transitions
from storage.client import Store, encode_rows
from tests.builders import NOW, alert

MINUTE = timedelta(minutes=1)
ORDER_TRACE, OTHER_TRACE = "a" * 32, "b" * 32
POSTING = "POST /erp/orders"


def firing(number: int = 1001, **changes: Any) -> Alert:
    """An alert on an order that waits for its posting, told at NOW of a clock of four hours."""
    waiting = AlertEvidence(awaits=("order.posted",))
    return alert(object=f"order/O-{number}", **{"trace_ids": (ORDER_TRACE,), "evidence": waiting, **changes})


def call(
    service: str,
    operation: str = POSTING,
    *,
    minute: float = -60,
    span_id: str = "1",
    parent: str = "",
    trace_id: str = ORDER_TRACE,
    error: str | None = None,
    thrown: tuple[str, str] | None = None,
    received_at: datetime | None = None,
) -> dict[str, Any]:
    """A span as it is stored, begun that many minutes from NOW; it failed where there is an error or an exception."""
    at = NOW + minute * MINUTE
    exceptions = [{"exception.type": thrown[0], "exception.message": thrown[1]}] if thrown else []
    return {
        "Timestamp": at,
        "TraceId": trace_id,
        "SpanId": span_id,
        "ParentSpanId": parent,
        "ServiceName": service,
        "SpanName": operation,
        "StatusCode": "Unset" if error is None and thrown is None else "Error",
        "StatusMessage": error or "",
        "Events.Timestamp": [at for _ in exceptions],
        "Events.Name": ["exception" for _ in exceptions],
        "Events.Attributes": exceptions,
        "ReceivedAt": received_at or at + timedelta(seconds=1),
    }


def insert(store: Store, spans: Sequence[dict[str, Any]]) -> None:
    store.insert("otel_traces", encode_rows(spans))


def cause_of(store: Store, told: Alert) -> AlertCause:
    return alert_causes(store, [told.alert_id]).get(told.alert_id, UNKNOWN_CAUSE)


def explained(store: Store, *spans: dict[str, Any], told: Alert | None = None) -> AlertCause:
    """The cause of an alert with these spans, as the tick at NOW finds it."""
    told = told or firing()
    insert(store, spans)
    write_transitions(store, [told])
    CauseFinder(store).tick(NOW)
    return cause_of(store, told)


# The crm approves, the middleware transmits and calls the erp, which fails: told from both ends of the call.
STUCK = [
    call("crm", "approve order", span_id="1", minute=-240),
    call("middleware", "order.transmit", span_id="2", parent="1", minute=-239),
    call("middleware", POSTING, span_id="3", parent="2", minute=-238, thrown=("Timeout", "no answer within 30s")),
    call(
        "erp",
        POSTING,
        span_id="4",
        parent="3",
        minute=-237.9,
        thrown=("PeriodLock", "period 2026-11 of DE01 is locked"),
    ),
]
