"""Journeys for tests to start from, without a store."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.formatting import Reader
from domain.alert import AlertState
from domain.business_object import BusinessObject
from storage.trace_view import AlertRecord, EventRecord, Journey, SpanRecord
from tests.builders import NOW

ORDER = BusinessObject("order", "O-1")
READER = Reader(ZoneInfo("UTC"), NOW)


def event(type_: str = "order.approved", objects: tuple[str, ...] = ("order/O-1",), **changes: Any) -> EventRecord:
    """An event of one order, an hour old."""
    fields: dict[str, Any] = {
        "source": "crm",
        "event_id": type_,
        "type": type_,
        "occurred_at": NOW - timedelta(hours=1),
        "received_at": NOW - timedelta(hours=1),
        "correlation_id": "",
        "causation_id": "",
        "trace_id": "",
        "span_id": "",
        "objects": tuple((BusinessObject.parse(text), "") for text in objects),
        "amount": None,
        "currency": "",
        "legal_entity": "",
        "region": "",
        "attributes": {},
        "data": "",
        "is_base64": False,
        "dataschema": "",
    }
    return EventRecord(**(fields | changes))


def span(span_id: str = "s", parent: str = "", **changes: Any) -> SpanRecord:
    """A call of 100 ms in the ERP, half an hour ago."""
    fields: dict[str, Any] = {
        "trace_id": "t",
        "span_id": span_id,
        "parent_span_id": parent,
        "service": "erp",
        "name": "POST /erp/orders",
        "kind": "Server",
        "started_at": NOW - timedelta(minutes=30),
        "duration": timedelta(milliseconds=100),
        "is_error": False,
        "message": "",
        "attributes": {},
        "exception_type": "",
        "exception_message": "",
        "exception_stacktrace": "",
    }
    return SpanRecord(**(fields | changes))


def alert_record(state: AlertState = AlertState.FIRING, **changes: Any) -> AlertRecord:
    """An alert on the order whose window of four hours ended an hour ago."""
    fields: dict[str, Any] = {
        "alert_id": "a",
        "rule": "OrderNotPosted",
        "business_object": ORDER,
        "state": state,
        "started_at": NOW - timedelta(hours=5),
        "deadline_at": NOW - timedelta(hours=1),
        "at_risk_at": NOW - timedelta(hours=2),
        "fired_at": NOW - timedelta(hours=1),
        "resolved_at": None,
        "severity": "warning",
        "amount": Decimal(100),
        "currency": "EUR",
        "reason": "order.posted did not follow within 4 h",
        "changed_at": NOW - timedelta(hours=1),
        "annotations": {},
        "trace_ids": (),
    }
    return AlertRecord(**(fields | changes))


def journey(**parts: Any) -> Journey:
    """A journey of the order; the parts that are not given are empty."""
    fields: dict[str, Any] = {
        "asked": (ORDER,),
        "run": None,
        "objects": (ORDER,),
        "correlation_ids": (),
        "events": (),
        "spans": (),
        "alerts": (),
        "is_cut": False,
    }
    return Journey(**(fields | parts))
