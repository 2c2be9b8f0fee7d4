"""Messages about an incident: the hop, the count and the money in every kind, cut to what receivers take."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alerts.messages.incident_story import incident_story
from alerts.messages.story import tell
from alerts.notification import MOST_TOLD_OF_INCIDENT, Notification, NotifyReason
from domain.alert import AlertState
from domain.alert_cause import CauseKind
from domain.incident import Incident, IncidentFigures, incident_document, incident_id
from domain.money import Money
from tests.builders import NOW, alert
from tests.unit.alerts.messages import notification, notifier

FIGURES = IncidentFigures(
    firing=38,
    over=2,
    objects={"order": 37},
    money=(Money(Decimal("412000.00"), "EUR"),),
    unknown=0,
    severity="critical",
    deadline_at=NOW,
)
STUCK = Incident(
    incident_id=incident_id("s", NOW),
    signature="s",
    kind=CauseKind.FAILED_CALL,
    service="erp",
    operation="POST /erp/orders",
    pattern="period <id> is locked",
    error="period 2026-11 is locked",
    started_at=NOW,
    first_seen_at=NOW - timedelta(hours=2, minutes=30),
    ended_at=None,
    version=1,
    figures=FIGURES,
)
HEADLINE = "erp POST /erp/orders fails: 37 orders, 412,000.00 EUR wait since 09:30 UTC"


def about(incident: Incident, count: int = 3, *, over: bool = False, **changes: Any) -> Notification:
    ended: dict[str, Any] = {"state": AlertState.RESOLVED, "resolved_at": NOW + timedelta(minutes=20)} if over else {}
    alerts = [alert(object=f"order/O-{number}", **ended) for number in range(count)]
    reason = NotifyReason.ALL_RESOLVED if over else NotifyReason.FIRST_NOTIFICATION
    made = notification(alerts, {"incident": incident.incident_id}, reason)
    return replace(made, incident_id=incident.incident_id, incident=incident, **changes)


def body_of(kind: str, told: Notification) -> str:
    with closing(notifier(kind)) as one:
        return one.compose(told)


def as_text(body: str) -> str:
    return body.replace("=\r\n", "")


@pytest.mark.parametrize("kind", ["slack", "slack app", "teams", "pagerduty", "opsgenie", "email"])
def test_every_message_names_the_hop_the_count_and_the_money(kind: str) -> None:
    text = as_text(body_of(kind, about(STUCK)))

    assert "erp POST /erp/orders fails" in text
    assert "37 orders, 412,000.00 EUR wait since 09:30 UTC" in text
    assert "period 2026-11 is locked" in text
    assert STUCK.incident_id in text


@pytest.mark.parametrize(
    ("kind", "headline"),
    [
        pytest.param("slack", lambda body: body["text"], id="Slack"),
        pytest.param("teams", lambda body: body["attachments"][0]["content"]["fallbackText"], id="Teams"),
        pytest.param("pagerduty", lambda body: body["payload"]["summary"], id="PagerDuty"),
        pytest.param("opsgenie", lambda body: body[0]["json"]["message"], id="Opsgenie"),
    ],
)
def test_the_one_line_of_each_kind_is_the_same(kind: str, headline: Callable[[Any], str]) -> None:
    assert headline(json.loads(body_of(kind, about(STUCK)))) == HEADLINE


def test_an_incident_and_a_group_have_each_their_own_dedup_key_at_pagerduty() -> None:
    keys = [json.loads(body_of("pagerduty", about(STUCK, over=over)))["dedup_key"] for over in (False, True)]
    other = json.loads(body_of("pagerduty", about(replace(STUCK, incident_id="0" * 32))))["dedup_key"]

    assert keys[0] == keys[1] != other


@pytest.mark.parametrize(
    ("figures", "line"),
    [
        pytest.param({"unknown": 3}, "37 orders, 412,000.00 EUR and 3 of unknown amount", id="some unknown"),
        pytest.param({"money": (), "unknown": 37}, "37 orders of unknown amount", id="all unknown"),
        pytest.param(
            {"objects": {"delivery": 2, "order": 1}, "money": (Money(Decimal(5), "JPY"), Money(Decimal(-1), "USD"))},
            "2 deliveries, 1 order, 5 JPY, -1.00 USD",
            id="several types and currencies",
        ),
        pytest.param(
            {"objects": {f"t{number}": 1 for number in range(12)}, "money": ()},
            "1 t0, 1 t1, 1 t2, 1 t3, 1 t4, 1 t5, 1 t6, 1 t7, 4 more",
            id="more types than anybody reads",
        ),
    ],
)
def test_what_waits_is_told_by_type_and_currency(figures: dict[str, Any], line: str) -> None:
    told = incident_story(replace(STUCK, figures=replace(FIGURES, **figures)), NOW, is_over_here=False)

    assert told.line == f"{line} wait since 09:30 UTC"


def test_the_date_is_told_where_it_is_not_that_of_the_message() -> None:
    told = incident_story(STUCK, NOW + timedelta(days=1), is_over_here=False)

    assert told.line == "37 orders, 412,000.00 EUR wait since 2026-11-02 09:30 UTC"


def test_the_end_tells_what_was_held_up_and_the_name_stays() -> None:
    story = tell(about(replace(STUCK, ended_at=NOW), over=True), "", 10)

    assert story.headline == (
        "erp POST /erp/orders fails: 37 orders, 412,000.00 EUR waited from 09:30 UTC until 12:00 UTC"
    )
    assert story.title == tell(about(STUCK), "", 10).title == "erp POST /erp/orders fails"


def test_an_end_for_one_receiver_does_not_say_that_the_incident_is_over() -> None:
    story = tell(about(STUCK, over=True), "", 10)

    assert story.headline == "erp POST /erp/orders fails: over here, not elsewhere"
    assert story.notes[1] == "Over here; elsewhere 37 orders, 412,000.00 EUR wait since 09:30 UTC"


def test_a_message_that_waits_is_no_failing_call() -> None:
    told = incident_story(replace(STUCK, kind=CauseKind.DEAD_LETTER, service=""), NOW, is_over_here=False)

    assert told.name == "POST /erp/orders is held up"


@pytest.mark.parametrize("kind", ["webhook", "slack", "teams", "pagerduty", "opsgenie", "email"])
def test_messages_of_an_incident_are_no_longer_for_more_alerts(kind: str) -> None:
    few, many = (body_of(kind, about(STUCK, count)) for count in (MOST_TOLD_OF_INCIDENT + 1, 3_000))

    assert abs(len(many) - len(few)) < 1_000
    assert len(many) < 400_000


def test_a_text_that_is_long_everywhere_still_fits_slack() -> None:
    long = replace(STUCK, service="s" * 5_000, operation="<&>" * 2_000, error="e&" * 5_000)
    message = json.loads(body_of("slack", about(long, 20)))
    texts = [block["text"]["text"] for block in message["blocks"] if "text" in block]

    assert max(map(len, texts)) <= 3_000
    assert sum(map(len, texts)) < 13_000


def test_the_webhook_holds_the_incident_as_commands_show_it() -> None:
    body = json.loads(body_of("webhook", about(STUCK)))
    document = incident_document(STUCK)

    assert body["incident"]["incidentId"] == document["incident_id"]
    assert body["incident"]["firstSeenAt"] == document["first_seen_at"] == "2026-11-02T09:30:00Z"
    assert len(body["incident"]) == len(document)
