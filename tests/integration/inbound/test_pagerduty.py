"""What people do in PagerDuty is done here too: signed webhooks of its shape, on the real door."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from storage.alert_actions import handling_of
from storage.audit import audit_page, verify_audit
from tests.builders import NOW
from tests.integration.inbound.door import KEY, ONE, OTHER, TWO, Door, Open
from tests.vendors import pagerduty


@pytest.fixture
def pager(open_door: Open) -> Door:
    return open_door("pagerduty", "webhook_secret_file: webhook", ONE, TWO, OTHER, exposed=True)


def test_an_incident_that_somebody_takes_acknowledges_the_alerts_behind_it(pager: Door) -> None:
    assert pager.pagerduty("incident.acknowledged") == {"outcome": "acted", "alerts": 2}

    by = [(action.kind, action.acted_by) for one in (ONE, TWO) for action in pager.actions(one)]
    assert by == [("acknowledge", "Ana Engineer (PagerDuty PLH1HKV)")] * 2
    assert pager.actions(OTHER) == []
    [entry] = audit_page(pager.store)
    assert (entry.kind, entry.who, entry.subject) == (
        "alert.acknowledge",
        "Ana Engineer (PagerDuty PLH1HKV)",
        "2 alerts",
    )
    details = json.loads(entry.details)
    assert (details["channel"], len(details["actions"])) == ("pagerduty", 2)
    assert verify_audit(pager.store).flaws == []


def test_an_event_that_is_told_again_is_done_once(pager: Door) -> None:
    pager.pagerduty("incident.acknowledged")
    pager.pagerduty("incident.unacknowledged")

    assert pager.pagerduty("incident.acknowledged") == {"outcome": "repeated", "alerts": 0}

    assert [action.kind for action in pager.actions(ONE)] == ["acknowledge", "unacknowledge"]
    assert handling_of(pager.store, [ONE.alert_id]) == {}
    assert pager.counted("pagerduty", "repeated") == 1
    assert pager.counted("pagerduty", "acted") == 2


def test_what_happens_to_an_incident_happens_to_its_alerts(pager: Door) -> None:
    pager.pagerduty("incident.triggered")
    pager.pagerduty("incident.acknowledged")
    pager.pagerduty("incident.unacknowledged", agent=None)
    pager.pagerduty("incident.reassigned")
    # A note names no key: that of its incident is known from the events before.
    pager.pagerduty("incident.annotated", incident_key=None, note="the period is „locked“")
    pager.pagerduty("incident.resolved")

    assert [(one.kind, one.value, one.acted_by, one.comment) for one in pager.actions(ONE)] == [
        ("acknowledge", "", "Ana Engineer (PagerDuty PLH1HKV)", ""),
        ("unacknowledge", "", "PagerDuty", "the acknowledgement timed out in PagerDuty"),
        ("assign", "Ben Engineer (PagerDuty PTUXL6G)", "Ana Engineer (PagerDuty PLH1HKV)", ""),
        ("comment", "", "Ana Engineer (PagerDuty PLH1HKV)", "the period is „locked“"),
        (
            "comment",
            "",
            "Ana Engineer (PagerDuty PLH1HKV)",
            "resolved in PagerDuty; the alert stands until its rule is met",
        ),
    ]


@pytest.mark.parametrize(
    ("event_type", "more", "outcome"),
    [
        pytest.param("incident.triggered", {}, "ignored", id="an incident that opens"),
        pytest.param("incident.escalated", {}, "ignored", id="one that nobody took"),
        pytest.param("pagey.ping", {}, "ignored", id="a try of the connection"),
        pytest.param("incident.resolved", {"agent": None}, "ignored", id="one that Milepost itself ended"),
        pytest.param("incident.acknowledged", {"incident_key": "another"}, "nothing_stands", id="another's incident"),
        pytest.param("incident.unacknowledged", {}, "nothing_stands", id="what nobody acknowledged"),
        pytest.param(
            "incident.annotated", {"incident_key": None, "note": "?"}, "nothing_stands", id="an incident nobody knows"
        ),
    ],
)
def test_what_asks_for_nothing_here_does_nothing(
    pager: Door, event_type: str, more: dict[str, Any], outcome: str
) -> None:
    assert pager.pagerduty(event_type, **more) == {"outcome": outcome, "alerts": 0}

    assert [*pager.actions(ONE), *pager.actions(OTHER), *audit_page(pager.store)] == []


def test_a_webhook_is_believed_by_any_of_its_signatures(pager: Door) -> None:
    body = pagerduty.webhook("incident.acknowledged", NOW, incident_key=KEY)

    assert pager.post("pagerduty", body, pagerduty.signed(body, "the next one", pagerduty.SECRET)).status_code == 202

    assert len(pager.actions(ONE)) == 1


@pytest.mark.parametrize(
    ("headers", "fault", "reason"),
    [
        pytest.param(lambda body: {}, "missing", "the request carries no signature", id="none"),
        pytest.param(
            lambda body: pagerduty.signed(body, "another"),
            "wrong",
            "the request's signature is of no secret that the routing file names",
            id="of another secret",
        ),
        pytest.param(
            lambda body: pagerduty.signed(body + b" "),
            "wrong",
            "the request's signature is of no secret that the routing file names",
            id="of another body",
        ),
        pytest.param(
            lambda body: {"X-PagerDuty-Signature": "v1=é".encode().decode("latin-1")},
            "wrong",
            "the request's signature is of no secret that the routing file names",
            id="no signature at all",
        ),
    ],
)
def test_a_webhook_that_is_not_signed_does_nothing(
    pager: Door, headers: Callable[[bytes], dict[str, str]], fault: str, reason: str
) -> None:
    body = pagerduty.webhook("incident.acknowledged", NOW, incident_key=KEY)

    response = httpx.post(
        f"{pager.url}/v1/actions/pagerduty",
        content=body,
        headers=[(name.encode(), value.encode("latin-1")) for name, value in headers(body).items()],
    )

    assert (response.status_code, response.json()) == (401, {"code": fault, "reason": reason})
    assert pager.counted("pagerduty", fault) == 1
    assert pager.actions(ONE) == []


def test_a_webhook_of_long_ago_does_nothing(pager: Door) -> None:
    body = pagerduty.webhook("incident.acknowledged", NOW - timedelta(hours=25), incident_key=KEY)

    response = pager.post("pagerduty", body, pagerduty.signed(body))

    assert (response.status_code, response.json()["code"]) == (401, "too_old")
    assert pager.actions(ONE) == []


def test_a_request_that_is_too_large_is_refused_unread(pager: Door) -> None:
    body = b" " * (512 * 1024 + 1)

    response = pager.post("pagerduty", body, pagerduty.signed(body))

    assert (response.status_code, response.json()["code"]) == (413, "too_large")
