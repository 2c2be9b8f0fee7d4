"""A small company for the console's tests: one order stuck on a failing call, one at risk, one posted in time."""

from datetime import datetime, timedelta
from typing import Any

from alerts.incidents import Incidents
from domain.alert import Alert, AlertState
from domain.alert_evidence import (
    AlertEvidence,
    CalendarEvidence,
    EventEvidence,
    OverrideEvidence,
    PauseEvidence,
    PausesEvidence,
)
from domain.clock import SystemClock
from domain.instants import EPOCH
from kpis.hop_keeper import HopKeeper
from rules.cause_finding import CauseFinder
from storage.alerts import dispatchable_alerts, write_transitions
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.freshness import note_traffic
from storage.traces import insert_traces
from tests.builders import alert, event_row, otlp_request, span

STUCK = "order/O-1001"
RUN = "q2c-001001"
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRIES = 3
ERROR = "PeriodLocked: posting period 11/2026 is locked for DE01"


def seed_stuck_order(store: Store, now: datetime) -> None:
    """Stores the company as it stands at `now`: O-1001 was due in the ERP an hour ago."""
    approved = now - timedelta(hours=5)
    insert_events(store, [*_stuck_events(approved), *_other_events(now)])
    note_traffic(store, EPOCH, now)
    insert_traces(store, [_calls(approved)])
    write_transitions(store, [_fired(approved), _at_risk(now)])
    # The store stamps spans by its own clock.
    CauseFinder(store).tick(SystemClock().now() + timedelta(minutes=1))


def _stuck_events(approved: datetime) -> list[EventRow]:
    """The run of the stuck order; the middleware passed on another amount than was approved."""
    steps = [
        ("1", "quote.approved", ["quote/Q-1001", "customer/C-9/buyer"], "cpq", -120, "12500.00", ""),
        ("2", "order.created", ["quote/Q-1001", "order/O-1001", "customer/C-9/buyer"], "erp", -60, "12500.00", ""),
        ("3", "order.approved", ["order/O-1001", "customer/C-9/buyer"], "crm", 0, "12500.00", TRACE),
        ("4", "order.transmitted", ["order/O-1001"], "middleware", 2, "12400.00", TRACE),
    ]
    return [
        event_row(
            id_,
            type_,
            objects,
            source=source,
            occurred_at=approved + timedelta(minutes=minutes),
            amount=amount,
            currency="EUR",
            correlation_id=RUN,
            trace_id=trace,
            legal_entity="DE01",
            region="EMEA",
            data='{"note":"<b>as sent</b>"}',
        )
        for id_, type_, objects, source, minutes, amount, trace in steps
    ]


def _other_events(now: datetime) -> list[EventRow]:
    """An order posted ten minutes after its approval, and one that is still under way, its amount unknown."""
    posted: dict[str, Any] = {"legal_entity": "GB01", "currency": "GBP", "amount": "900.00"}
    buyer = ["order/O-2002", "customer/C-9/buyer"]
    at = now - timedelta(hours=3)
    return [
        event_row("5", "order.approved", buyer, source="crm", occurred_at=at, **posted),
        event_row("6", "order.posted", buyer, source="erp", occurred_at=at + timedelta(minutes=10), **posted),
        event_row(
            "7", "order.approved", ["order/O-3003"], occurred_at=now - timedelta(minutes=210), legal_entity="GB01"
        ),
    ]


def _fired(approved: datetime) -> Alert:
    deadline = approved + timedelta(hours=4)
    return alert(
        object=STUCK,
        started_at=approved,
        deadline_at=deadline,
        fired_at=deadline,
        changed_at=deadline,
        severity="critical",
        reason="order.approved started the clock, and order.posted did not follow within 4 h",
        labels={"legal_entity": "DE01", "region": "EMEA"},
        trace_ids=(TRACE,),
        evidence=AlertEvidence(
            started_by=EventEvidence("order.approved", "crm", "3", approved, approved),
            awaits=("order.posted",),
            within="4h",
            override=OverrideEvidence("attributes['tier'] = 'gold'", "4h"),
            calendar=CalendarEvidence("de_business", "Europe/Berlin"),
            pauses=PausesEvidence(
                1, (PauseEvidence(approved + timedelta(minutes=20), approved + timedelta(minutes=50)),)
            ),
        ),
    )


def _at_risk(now: datetime) -> Alert:
    return alert(
        object="order/O-3003",
        state=AlertState.AT_RISK,
        started_at=now - timedelta(minutes=210),
        deadline_at=now + timedelta(minutes=30),
        fired_at=None,
        changed_at=now - timedelta(minutes=30),
        amount=None,
        currency=None,
        reason="75% of 4 h had passed",
        labels={"legal_entity": "GB01"},
    )


def _calls(approved: datetime) -> bytes:
    """The middleware's tries to post the order, each refused by the ERP."""
    trace = bytes.fromhex(TRACE)
    carrying = {"correlation.id": RUN, "order.id": "O-1001"}
    outgoing, incoming = [], []
    for number in range(TRIES):
        at = approved + timedelta(minutes=3 + number)
        client, server = bytes([1, number] * 4), bytes([2, number] * 4)
        outgoing.append(
            span(
                "POST /erp/orders",
                trace_id=trace,
                span_id=client,
                start=at,
                attributes=carrying,
                duration=timedelta(seconds=2),
                error=ERROR,
            )
        )
        refused = span("POST /erp/orders", trace_id=trace, span_id=server, start=at, attributes=carrying, error=ERROR)
        refused.parent_span_id = client
        incoming.append(refused)
    requests = otlp_request(*outgoing, service="middleware"), otlp_request(*incoming, service="erp")
    return b"".join(request.SerializeToString() for request in requests)


def seed_incident(store: Store, now: datetime) -> None:
    """What a tick makes of the failing hop that O-1001 waits behind: an incident, and its calls by the minute."""
    Incidents(store).update(dispatchable_alerts(store, now - timedelta(days=1)), now, lambda *_: False)
    HopKeeper(store).tick(SystemClock().now() + timedelta(minutes=1))
