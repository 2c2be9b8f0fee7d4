"""The message that webhooks receive: Alertmanager's shape, and what ours adds."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alerts.messages.webhook_body import webhook_body
from alerts.notification import Conversation, Notification, NotifyReason
from domain.alert import Alert, AlertState
from domain.alert_cause import AlertCause, CauseKind, FailedCall, Hop
from domain.alert_evidence import AlertEvidence, EventEvidence
from tests.builders import NOW, alert

# A message of Alertmanager 0.25 to a webhook, as captured from the wire.
CAPTURED = json.loads("""
{"receiver": "all", "status": "firing", "alerts": [{"status": "firing",
 "labels": {"alertname": "MilestoneBreach", "severity": "critical"}, "annotations": {"summary": "late"},
 "startsAt": "2025-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://127.0.0.1/x",
 "fingerprint": "9f294bb7d56a6da9"}], "groupLabels": {"alertname": "MilestoneBreach"},
 "commonLabels": {"alertname": "MilestoneBreach", "severity": "critical"},
 "commonAnnotations": {"summary": "late"}, "externalURL": "http://alertmanager.invalid:9093", "version": "4",
 "groupKey": "{}:{alertname=\\"MilestoneBreach\\"}", "truncatedAlerts": 0}
""")


def message(alerts: Sequence[Alert], max_alerts: int = 0) -> Any:
    notification = Notification(
        conversation=Conversation("ops", "webhook[0]", '{}:{alertname="OrderNotPosted"}'),
        group_labels={"alertname": "OrderNotPosted"},
        firing=(),
        resolved=(),
        created_at=NOW,
        deadline=NOW,
        alerts=tuple(alerts),
        reason=NotifyReason.NEW_ALERTS,
        notification_id="n-1",
    )
    return json.loads(webhook_body(notification, max_alerts=max_alerts, console_url="http://127.0.0.1:8501"))


def test_every_field_of_alertmanagers_message_is_there_in_its_form() -> None:
    ours = message([alert()])
    assert {name: type(ours[name]) for name in CAPTURED} == {name: type(value) for name, value in CAPTURED.items()}
    theirs_alert, our_alert = CAPTURED["alerts"][0], ours["alerts"][0]
    assert {name: type(our_alert[name]) for name in theirs_alert} == {
        name: type(value) for name, value in theirs_alert.items()
    }
    assert len(our_alert["fingerprint"]) == len(theirs_alert["fingerprint"])
    assert ours["version"] == "4"
    assert our_alert["endsAt"] == theirs_alert["endsAt"]


def test_an_alert_says_what_is_stuck_and_where_to_look() -> None:
    fired = alert(object="order/O 1", fired_at=NOW, trace_ids=("ab12",))
    assert message([fired])["alerts"] == [
        {
            "status": "firing",
            "labels": {
                "alertname": "OrderNotPosted",
                "severity": "warning",
                "object_type": "order",
                "object_id": "O 1",
                "currency": "EUR",
            },
            "annotations": {"summary": "order/O 1 is late"},
            "startsAt": "2026-11-02T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://127.0.0.1:8501/trace?object=order%2FO%201",
            "fingerprint": fired.alert_id[:16],
            "alertId": fired.alert_id,
            "state": "firing",
            "objectType": "order",
            "objectId": "O 1",
            "deadlineAt": "2026-11-02T12:00:00Z",
            "firedAt": "2026-11-02T12:00:00Z",
            "resolvedAt": None,
            "amount": "12500.00",
            "currency": "EUR",
            "correlationId": "q2c-001001",
            "traceIds": ["ab12"],
            "reason": "order.posted is 4h overdue",
            "intervention": None,
            "why": {
                "rule": {"group": "order_to_bill", "name": "OrderNotPosted", "version": "1"},
                "cause": {"kind": "unknown", "spans": 0},
            },
        }
    ]


def test_an_alert_says_why_in_the_names_of_the_message() -> None:
    approved = EventEvidence("order.approved", "crm", "e-1", NOW, NOW + timedelta(microseconds=1))
    cause = AlertCause(
        kind=CauseKind.FAILED_CALL,
        spans=3,
        service="erp",
        operation="POST /erp/orders",
        error="timed out",
        signature="ab",
        failed_calls=(
            FailedCall("erp", "POST /erp/orders", "timed out", "timed out", "ab", True, False, 1, NOW, NOW, "t", "s"),
        ),
        last_hop=Hop("erp", "POST /erp/orders", NOW, has_failed=True),
    )
    told = alert(evidence=AlertEvidence(started_by=approved, awaits=("order.posted",)), cause=cause)

    why = message([told])["alerts"][0]["why"]

    assert why["startedBy"] == {
        "type": "order.approved",
        "source": "crm",
        "eventId": "e-1",
        "occurredAt": "2026-11-02T12:00:00Z",
        "receivedAt": "2026-11-02T12:00:00.000001Z",
    }
    assert why["awaits"] == ["order.posted"]
    assert why["cause"]["lastHop"] == {
        "service": "erp",
        "operation": "POST /erp/orders",
        "at": "2026-11-02T12:00:00Z",
        "hasFailed": True,
    }
    assert why["cause"]["failedCalls"][0]["hasRecovered"] is False
    assert (why["cause"]["kind"], why["cause"]["signature"]) == ("failed_call", "ab")


def test_a_message_names_itself_its_reason_and_its_group() -> None:
    ours = message([alert(object="order/O-1"), alert(object="order/O-2", severity="critical")])
    assert (ours["notificationId"], ours["reason"]) == ("n-1", "new_alerts")
    assert ours["groupLabels"] == {"alertname": "OrderNotPosted"}
    assert ours["commonLabels"] == {"alertname": "OrderNotPosted", "object_type": "order", "currency": "EUR"}
    assert ours["commonAnnotations"] == {}


@pytest.mark.parametrize(
    ("state", "resolved_at", "ends_at"),
    [
        pytest.param(
            AlertState.RESOLVED,
            NOW + timedelta(microseconds=1),
            "2026-11-02T12:00:00.000001Z",
            id="a resolved alert ended when its milestone came",
        ),
        pytest.param(AlertState.RETRACTED, None, "2026-11-02T12:00:00Z", id="a retracted one when it changed"),
    ],
)
def test_an_alert_that_is_over_says_since_when(state: AlertState, resolved_at: Any, ends_at: str) -> None:
    ours = message([alert(state=state, resolved_at=resolved_at)])
    (over,) = ours["alerts"]
    assert (ours["status"], over["status"], over["state"]) == ("resolved", "resolved", state)
    assert over["endsAt"] == ends_at
    assert (ours["moneyAtRisk"], ours["moneyAtRiskUnknown"]) == ([], 0)


def test_money_at_risk_is_exact_per_currency_and_counts_what_is_unknown() -> None:
    ours = message(
        [
            alert(object="order/O-1", amount=Decimal("0.10")),
            alert(object="order/O-2", amount=Decimal("0.20")),
            alert(object="order/O-3", amount=Decimal("1000"), currency="JPY"),
            alert(object="order/O-4", amount=None),
            alert(object="order/O-5", amount=Decimal("5"), currency=None),
            alert(object="order/O-6", amount=Decimal("7"), state=AlertState.RESOLVED),
        ]
    )
    assert ours["moneyAtRisk"] == [
        {"currency": "EUR", "amount": "0.30"},
        {"currency": "JPY", "amount": "1000"},
    ]
    assert ours["moneyAtRiskUnknown"] == 2


def test_an_object_behind_two_alerts_is_counted_once() -> None:
    ours = message([alert(name="OrderNotPosted"), alert(name="OrderNotBilled")])
    assert ours["moneyAtRisk"] == [{"currency": "EUR", "amount": "12500.00"}]


def test_alerts_above_the_limit_are_counted_and_their_money_is_not_lost() -> None:
    ours = message([alert(object=f"order/O-{number}") for number in range(5)], max_alerts=2)
    assert (len(ours["alerts"]), ours["truncatedAlerts"]) == (2, 3)
    assert ours["moneyAtRisk"] == [{"currency": "EUR", "amount": "62500.00"}]
