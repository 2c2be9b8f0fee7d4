"""One cause is one page: what is told of alerts that wait behind the same failing hop, and when."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.alert import AlertState
from storage.client import Store
from storage.incidents import list_incidents
from tests.builders import NOW
from tests.fakes import WebhookReceiver
from tests.integration.alerts.outage import INTERVAL, LOCK, REFUSED, REPEAT, Start, numbers, the_message, told


def test_alerts_behind_one_hop_are_one_incident_across_rules_and_labels(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fail(1, 2, 3, minute=-150)
    outage.fire(1, amount=Decimal("1000.50"))
    outage.fire(2, amount=Decimal(7), currency="USD", labels={"legal_entity": "FR01"}, severity="error")
    outage.fire(3, amount=None, currency=None)
    outage.fire(1, name="InvoiceNotIssued", amount=Decimal("1000.50"))
    outage.tick()
    message = the_message(receiver)
    [incident] = list_incidents(embedded_store)

    assert (message.json["reason"], numbers(message.firing())) == ("first_notification", [1, 2, 3])
    assert message.json["groupLabels"] == {"incident": incident.incident_id}
    assert message.json["incident"] == {
        "incidentId": incident.incident_id,
        "state": "open",
        "kind": "failed_call",
        "service": "erp",
        "operation": "POST /erp/orders",
        "error": "PeriodLock: period 2026-11 of DE01 is locked",
        "pattern": "PeriodLock: period <n>-<n> of <id> is locked",
        "signature": incident.signature,
        "startedAt": "2026-11-02T12:00:00Z",
        "firstSeenAt": "2026-11-02T09:30:00Z",
        "endedAt": None,
        "firing": 4,
        "over": 0,
        "objects": [{"type": "order", "count": 3}],
        "money": [{"currency": "EUR", "amount": "1000.50"}, {"currency": "USD", "amount": "7.00"}],
        "moneyUnknown": 1,
        "severity": "error",
        "deadlineAt": "2026-11-02T12:00:00Z",
    }
    outage.tick(INTERVAL)
    assert receiver.is_quiet()


def test_an_alert_without_a_cause_and_one_of_another_cause_are_told_apart(
    outages: Start, receiver: WebhookReceiver
) -> None:
    outage = outages()
    outage.fail(1, 2)
    outage.fail(3, thrown=REFUSED)
    outage.fire(1, 2, 3, 4)
    outage.tick()

    assert told(receiver) == [
        ("first_notification", [1, 2], []),
        ("first_notification", [3], []),
        ("first_notification", [4], []),
    ]


def test_where_incidents_are_off_alerts_are_grouped_by_their_labels(outages: Start, receiver: WebhookReceiver) -> None:
    outage = outages("incidents: false")
    outage.fail(1, 2)
    outage.fire(1, 2, 3)
    outage.tick()
    message = the_message(receiver)

    assert (numbers(message.firing()), message.json["groupLabels"]) == ([1, 2, 3], {"alertname": "OrderNotPosted"})
    assert "incident" not in message.json


def test_more_of_the_same_is_told_when_there_are_twice_as_many(outages: Start, receiver: WebhookReceiver) -> None:
    outage = outages()
    outage.fail(*range(1, 9))
    outage.fire(1, 2)
    outage.tick()
    assert told(receiver) == [("first_notification", [1, 2], [])]
    outage.fire(3)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.fire(4)
    outage.tick(INTERVAL)
    assert told(receiver) == [("material_change", [1, 2, 3, 4], [])]
    outage.fire(5, 6, 7)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.restart()
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.fire(8)
    outage.tick(INTERVAL)
    assert told(receiver) == [("material_change", list(range(1, 9)), [])]
    assert outage.pipeline.count("milepost_notification_reasons_total", receiver="ops", reason="material_change") == 1


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        pytest.param({"amount": Decimal("299.99")}, False, id="less than twice the money"),
        pytest.param({"amount": Decimal(300)}, True, id="twice the money"),
        pytest.param({"amount": Decimal(1), "currency": "JPY"}, True, id="a currency of which nothing was told"),
        pytest.param({"amount": None, "currency": None}, False, id="an unknown amount"),
        pytest.param({"amount": Decimal(0), "currency": "JPY"}, False, id="nothing of a currency"),
        pytest.param({"severity": "critical"}, True, id="a graver one"),
        pytest.param({"severity": "info"}, False, id="a lighter one"),
    ],
)
def test_what_is_materially_more(
    outages: Start, receiver: WebhookReceiver, changes: dict[str, Any], is_told: bool
) -> None:
    outage = outages()
    outage.fail(1, 2, 3, 4)
    outage.fire(1, 2, 3)
    outage.tick()
    assert len(told(receiver)) == 1
    outage.fire(4, **changes)
    outage.tick(INTERVAL)
    assert told(receiver) == ([("material_change", [1, 2, 3, 4], [])] if is_told else [])


def test_an_incident_ends_when_all_its_alerts_ended_and_the_next_is_another(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fail(1, 2, 3)
    outage.fire(1, 2)
    outage.tick()
    first = the_message(receiver)
    outage.end(1)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.end(2)
    outage.tick(INTERVAL)
    last = the_message(receiver)
    assert (last.json["reason"], numbers(last.resolved())) == ("all_resolved", [1, 2])
    assert last.json["groupKey"] == first.json["groupKey"]
    assert last.json["incident"] | {"state": "", "endedAt": "", "over": 0, "firing": 2} == first.json["incident"] | {
        "state": "",
        "endedAt": "",
    }
    assert (last.json["incident"]["state"], last.json["incident"]["over"]) == ("over", 2)
    outage.tick(INTERVAL)
    outage.fire(3, fired_at=NOW + 2 * INTERVAL, deadline_at=NOW + 2 * INTERVAL)
    outage.tick(INTERVAL)
    again = the_message(receiver)
    assert (again.json["reason"], numbers(again.firing())) == ("first_notification", [3])
    assert again.json["groupKey"] != first.json["groupKey"]
    assert [one.ended_at is None for one in list_incidents(embedded_store)] == [True, False]


def test_a_reminder_tells_also_of_what_came_and_ended_since(outages: Start, receiver: WebhookReceiver) -> None:
    outage = outages()
    outage.fail(*range(1, 6))
    outage.fire(1, 2, 3)
    outage.tick()
    told(receiver)
    outage.end(2)
    outage.fire(4)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.tick(REPEAT)
    assert told(receiver) == [("repeat_interval_elapsed", [1, 3, 4], [2])]
    outage.tick(INTERVAL)
    assert receiver.is_quiet()


def test_a_cause_that_becomes_known_after_the_telling_pages_nobody_again(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fire(1, 2)
    outage.tick()
    assert told(receiver) == [("first_notification", [1, 2], [])]
    outage.fail(1, 2, 3)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.restart()
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.fire(3)
    outage.tick(INTERVAL)
    message = the_message(receiver)
    assert numbers(message.firing()) == [3]
    assert message.json["incident"]["objects"] == [{"type": "order", "count": 3}]
    outage.end(1, 2)
    outage.tick(INTERVAL)
    assert told(receiver) == [("all_resolved", [], [1, 2])]
    [incident] = list_incidents(embedded_store)
    assert incident.ended_at is None


def test_a_cause_that_becomes_known_while_the_group_waits_makes_the_incident(
    outages: Start, receiver: WebhookReceiver
) -> None:
    outage = outages("incidents: {}", "  routes: [{group_wait: 1m}]\n")
    outage.fire(1, 2)
    outage.tick()
    outage.fail(1)
    outage.tick(timedelta(seconds=30))
    assert receiver.is_quiet()
    outage.tick(timedelta(minutes=1))
    assert told(receiver) == [("first_notification", [1], []), ("first_notification", [2], [])]


def test_a_cause_that_changes_after_the_telling_moves_nothing(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fail(1, 2)
    outage.fire(1, 2)
    outage.tick()
    first = the_message(receiver)
    outage.fail(1, 2, thrown=REFUSED, minute=-30)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.restart()
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    [incident] = list_incidents(embedded_store)
    assert (incident.error, incident.figures and incident.figures.firing) == (": ".join(LOCK), 2)
    outage.fire(3)
    outage.fail(3, thrown=REFUSED)
    outage.tick(INTERVAL)
    assert told(receiver) == [("first_notification", [3], [])]
    outage.end(1, 2)
    outage.tick(INTERVAL)
    assert the_message(receiver).json["groupKey"] == first.json["groupKey"]


def test_a_cause_that_changes_before_the_telling_counts(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages("incidents: {}", "  routes: [{group_wait: 1m}]\n")
    outage.fail(1)
    outage.fire(1)
    outage.tick()
    outage.fail(1, thrown=REFUSED, minute=-30)
    outage.tick(timedelta(seconds=30))
    outage.tick(timedelta(minutes=1))
    message = the_message(receiver)
    assert message.json["incident"]["error"] == ": ".join(REFUSED)
    assert [one.error for one in list_incidents(embedded_store)] == [": ".join(REFUSED)]


def test_an_alert_that_fires_again_after_its_incident_and_has_no_cause_is_told_by_its_labels(
    outages: Start, receiver: WebhookReceiver
) -> None:
    outage = outages()
    outage.fail(1)
    outage.fire(1)
    outage.tick()
    outage.end(1)
    outage.tick(INTERVAL)
    told(receiver)
    outage.fire(1, trace_ids=(), fired_at=NOW + INTERVAL)
    outage.tick(INTERVAL)
    message = the_message(receiver)
    assert (message.json["groupLabels"], numbers(message.firing())) == ({"alertname": "OrderNotPosted"}, [1])


def test_what_bypasses_is_told_by_its_labels_and_counts_in_the_incident(
    outages: Start, receiver: WebhookReceiver
) -> None:
    outage = outages("incidents: {bypass: ['severity=\"critical\"']}")
    outage.fail(1, 2, 3)
    outage.fire(1, severity="critical")
    outage.tick()
    alone = the_message(receiver)
    assert alone.json["groupLabels"] == {"alertname": "OrderNotPosted"}
    outage.fire(2, 3)
    outage.tick(INTERVAL)
    message = the_message(receiver)
    assert numbers(message.firing()) == [2, 3]
    assert message.json["incident"]["objects"] == [{"type": "order", "count": 3}]
    outage.fire(2, severity="critical")
    outage.tick(INTERVAL)
    assert told(receiver) == [("material_change", [2, 3], []), ("new_alerts", [1, 2], [])]
    outage.end(1, 2, 3)
    outage.tick(INTERVAL)
    assert told(receiver) == [("all_resolved", [], [1, 2]), ("all_resolved", [], [2, 3])]


def test_routes_to_one_receiver_share_an_incident_and_those_that_tell_at_other_times_do_not(
    outages: Start, receiver: WebhookReceiver
) -> None:
    routes = "  routes: [{matchers: [team=a]}, {matchers: [team=b]}, {matchers: [team=c], repeat_interval: 1h}]\n"
    outage = outages("incidents: {}", routes)
    outage.fail(1, 2, 3)
    for number, team in enumerate("abc", start=1):
        outage.fire(number, labels={"team": team})
    outage.tick()
    assert told(receiver) == [("first_notification", [1, 2], []), ("first_notification", [3], [])]


def test_an_alert_that_was_wrong_counts_no_more(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fail(1, 2)
    outage.fire(1, 2)
    outage.tick()
    told(receiver)
    outage.end(1, state=AlertState.RETRACTED)
    outage.end(2)
    outage.tick(INTERVAL)
    [incident] = list_incidents(embedded_store)
    assert incident.figures
    assert (incident.figures.objects, incident.figures.over) == ({"order": 1}, 2)
    assert the_message(receiver).json["incident"]["objects"] == [{"type": "order", "count": 1}]
