"""One alert as a person reads it in a terminal."""

from typing import Any

from milepost.alert_page import alert_page

ROW: dict[str, Any] = {
    "alert_id": "0ecf",
    "alert": "OrderNotPosted",
    "object_type": "order",
    "object_id": "O-1",
    "state": "firing",
    "severity": "warning",
    "amount": "12500.00",
    "currency": "EUR",
    "correlation_id": None,
    "deadline_at": "2026-11-02T12:00:00Z",
    "resolved_at": None,
    "reason": "it did not follow",
    "muted_by": [],
    "intervention": None,
    "trace_ids": ["ab"],
    "actions": [],
    "why": {
        "rule": {"group": "order_to_bill", "name": "OrderNotPosted", "version": "1"},
        "cause": {"kind": "unknown", "spans": 0},
    },
}
APPROVED = {
    "type": "order.approved",
    "source": "crm",
    "event_id": "e-1",
    "occurred_at": "2026-11-02T08:00:00Z",
    "received_at": "2026-11-02T08:05:00Z",
}
CALL = {
    "service": "erp",
    "operation": "POST /erp/orders",
    "error": "locked",
    "spans": 3,
    "last_at": "2026-11-02T08:10:00Z",
    "is_origin": True,
    "has_recovered": False,
}


def page(**why: Any) -> list[str]:
    """The lines after the alert's facts, with this added to why it stands, each with single spaces."""
    row = {**ROW, "why": {**ROW["why"], **why}}
    lines = [" ".join(line.split()) for line in alert_page(row)]
    return lines[lines.index("reason it did not follow") + 1 :]


def test_what_is_not_known_says_so() -> None:
    assert [" ".join(line.split()) for line in alert_page(ROW)] == [
        "OrderNotPosted on order/O-1: firing, warning",
        "alert id 0ecf",
        "amount 12500.00 EUR",
        "run unknown",
        "deadline 2026-11-02T12:00:00Z",
        "reason it did not follow",
        "rule OrderNotPosted of order_to_bill, version 1",
        "cause unknown; none of its traces has a span",
        "traces ab",
    ]


def test_everything_that_decided_it_has_a_line() -> None:
    lines = page(
        started_by=APPROVED,
        stopped_by={**APPROVED, "type": "order.posted", "received_at": APPROVED["occurred_at"]},
        skew="2m",
        within="4h",
        calendar={"name": "de_business", "time_zone": "Europe/Berlin"},
        override={"where": "amount > 1", "within": "4h"},
        period={"name": "2026-11", "cutoff_at": "2026-12-03T17:00:00Z"},
        pauses={"count": 9, "first": [{"since": "A", "until": "B"}], "last": [{"since": "C"}]},
        suspended={"since": "D", "sources": ["erp"], "event_type": "order.posted"},
    )

    assert lines[1:-2] == [
        "started by order.approved at 2026-11-02T08:00:00Z (crm, event e-1, received at 2026-11-02T08:05:00Z)",
        "stopped by order.posted at 2026-11-02T08:00:00Z (crm, event e-1), 2m of skew forgiven",
        "window 4h of open time in de_business (Europe/Berlin), by the override where amount > 1",
        "period 2026-11, whose cutoff at 2026-12-03T17:00:00Z is the deadline",
        "pauses 9: A to B, 7 more, C to now",
        "suspended by erp, since D",
    ]


def test_the_cause_comes_with_the_failures_ranked_and_the_dead_letter() -> None:
    lines = page(
        cause={
            "kind": "failed_call",
            "spans": 8,
            "service": "erp",
            "operation": "POST /erp/orders",
            "error": "locked",
            "signature": "ab12",
            "last_hop": {"service": "erp", "operation": "POST /erp/orders", "at": "T", "has_failed": True},
            "failures": 3,
            "failed_calls": [CALL, {**CALL, "service": "crm", "spans": 1, "is_origin": False, "has_recovered": True}],
            "dead_letter": {"id": "d-1", "type": "order.posted", "source": "erp", "received_at": "T"},
        }
    )

    assert lines[1:-1] == [
        "cause the call erp POST /erp/orders failed: locked",
        "signature ab12",
        "last hop erp POST /erp/orders at T, failed",
        "failed 1 erp POST /erp/orders: locked (3 times, last at 2026-11-02T08:10:00Z)",
        "failed 2 crm POST /erp/orders: locked (once, last at 2026-11-02T08:10:00Z; because of a call beneath it; "
        "succeeded later)",
        "and 1 more kinds of failure",
        "dead letter d-1: order.posted of erp at T",
    ]


def test_each_thing_that_people_did_has_a_line() -> None:
    assigned = {"kind": "assign", "value": "ben", "by": "ana", "at": "2026-11-02T12:10:00Z", "comment": "knows it"}
    acknowledged = {"kind": "acknowledge", "value": None, "by": "ben", "at": "2026-11-02T12:20:00Z", "comment": None}
    lines = [" ".join(line.split()) for line in alert_page({**ROW, "actions": [assigned, acknowledged]})]

    assert lines[-3:] == [
        "people assign ben by ana at 2026-11-02T12:10:00Z: knows it",
        "people acknowledge by ben at 2026-11-02T12:20:00Z",
        "traces ab",
    ]


def test_what_systems_send_does_not_reach_the_terminal_as_a_command() -> None:
    assert "\x1b" not in "".join(page(awaits=["order\x1b[31m.posted"]))


def test_what_may_be_done_is_a_command_that_a_shell_takes_as_it_is() -> None:
    row = {**ROW, "intervention": "repost_order", "object_id": "O-1; rm -rf ~"}

    assert [line.strip() for line in alert_page(row) if "you may" in line] == [
        "you may   milepost interventions run repost_order 'order/O-1; rm -rf ~' --reason …"
    ]
