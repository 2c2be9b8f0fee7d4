"""What messages say, and that whatever others wrote makes none that a vendor would refuse or misread."""

import email
import email.policy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.messages.slack_message import escape
from alerts.messages.text_limits import clean, fit, length
from alerts.notification import NotifyReason
from alerts.notifiers.notifier import Notifier
from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from tests.builders import NOW, alert
from tests.unit.alerts.messages import CONSOLE, ENTRIES, notification, notifier
from tests.vendors import alertmanager, opsgenie, pagerduty, slack, teams, webhook
from tests.vendors.server import check

HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version"),
    *("X-Auto-Response-Suppress", "X-Milepost-Notification-Id", "Content-Type"),
}
READ_BY_PEOPLE = ["slack", "slack app", "teams", "pagerduty", "opsgenie", "email"]
TEXT = st.text(max_size=400) | st.sampled_from(
    [
        "<!channel>",
        "a\r\nBcc: x@example.com",
        "**bold** [x](javascript:1)",
        "<b>&amp;",
        "\u202etxt",
        "😀" * 900,
        "x" * 40_000,
    ]
)


@pytest.fixture(scope="module")
def notifiers() -> Iterator[Mapping[str, Notifier]]:
    made = {name: notifier(name) for name in ENTRIES}
    yield made
    for one in made.values():
        one.close()


def check_slack(body: str) -> None:
    check(slack.WEBHOOK, json.loads(body))
    slack.check_text(json.loads(body))


def check_slack_app(body: str) -> None:
    message = json.loads(body)
    check(slack.UPDATE if "ts" in message else slack.POST, message)
    slack.check_text(message)


def check_teams(body: str) -> None:
    check(teams.MESSAGE, json.loads(body))
    assert len(body.encode()) <= teams.LONGEST


def check_pagerduty(body: str) -> None:
    event = {"routing_key": pagerduty.KEY, **json.loads(body)}
    check(pagerduty.TRIGGER if event["event_action"] == "trigger" else pagerduty.FOLLOWING, event)
    assert len(json.dumps(event, ensure_ascii=False).encode()) <= pagerduty.LONGEST


def check_opsgenie(body: str) -> None:
    for call in json.loads(body):
        what = re.fullmatch(r"v2/alerts(?:/[0-9a-f]{64}/(\w+)\?identifierType=alias)?", call["path"])
        assert what
        check(opsgenie.ON_ALIAS[what[1]] if what[1] else opsgenie.CREATE, call["json"])
        details = call["json"].get("details", {})
        assert sum(len(name) + len(text) for name, text in details.items()) <= opsgenie.DETAILS_TOGETHER


def parsed(body: str) -> EmailMessage:
    message = email.message_from_bytes(body.encode("ascii"), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def check_email(body: str) -> None:
    assert max(map(len, body.split("\r\n"))) <= 998
    assert "\n" not in body.replace("\r\n", "")
    message = parsed(body)
    assert set(message.keys()) <= HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert [one.addr_spec for one in message["To"].addresses] == ["finance@example.com", "cfo@example.com"]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not [defect for part in message.walk() for defect in part.defects]


CHECKS: Mapping[str, Callable[[str], None]] = {
    "webhook": lambda body: check(webhook.MESSAGE, json.loads(body)),
    "slack": check_slack,
    "slack app": check_slack_app,
    "teams": check_teams,
    "pagerduty": check_pagerduty,
    "opsgenie": check_opsgenie,
    "email": check_email,
    "alertmanager": lambda body: check(alertmanager.ALERTS, json.loads(body)),
}


def said(name: str, body: str) -> str:
    """Everything a message says, as readers see it."""
    if name != "email":
        return json.dumps(json.loads(body), ensure_ascii=False)
    return "".join(part.get_content() for part in parsed(body).iter_parts())


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    instants = st.timedeltas(timedelta(days=-400), timedelta(days=400)).map(lambda delta: NOW + delta)
    state = draw(st.sampled_from([AlertState.FIRING, AlertState.RESOLVED, AlertState.RETRACTED]))
    object_ = BusinessObject(draw(TEXT) or "order", draw(TEXT) or "1")
    return alert(
        name=draw(TEXT) or "Rule",
        business_object=object_,
        state=state,
        deadline_at=draw(instants),
        fired_at=draw(st.none() | instants),
        resolved_at=draw(st.none() | instants) if state is AlertState.RESOLVED else None,
        severity=draw(st.sampled_from(["critical", "warning", "info", "odd <&> one"]) | TEXT),
        amount=draw(st.none() | st.decimals(-(10**28), 10**28, places=9)),
        currency=draw(st.none() | st.sampled_from(["EUR", "JPY", "KWD"]) | TEXT),
        reason=draw(TEXT),
        labels=draw(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), TEXT, max_size=3)),
        annotations=draw(st.dictionaries(st.sampled_from(["summary", "runbook", "runbook_url", "x"]), TEXT)),
    )


@settings(max_examples=40)
@given(
    told=st.lists(alerts(), min_size=1, max_size=12),
    labels=st.dictionaries(st.sampled_from(["alertname", "legal_entity", "region"]), TEXT),
    reason=st.sampled_from(NotifyReason),
    receiver=TEXT,
    in_thread=st.booleans(),
)
def test_whatever_others_wrote_every_message_is_one_that_its_vendor_takes(
    notifiers: Mapping[str, Notifier],
    told: list[Alert],
    labels: dict[str, str],
    reason: NotifyReason,
    receiver: str,
    in_thread: bool,
) -> None:
    for name, one in notifiers.items():
        thread = {"slack app": '{"channel": "C1", "ts": "1700000000.000100"}', "email": "<a@example.com>"}.get(name, "")
        made = notification(told, labels, reason, thread if in_thread else "", receiver)
        CHECKS[name](one.compose(made))


@pytest.mark.parametrize("name", [name for name in ENTRIES if name not in ("webhook", "alertmanager")])
def test_ten_thousand_alerts_make_one_message_that_counts_the_rest(
    notifiers: Mapping[str, Notifier], name: str
) -> None:
    told = [alert(object=f"order/O-{number}", annotations={"summary": "s" * 2000}) for number in range(10_000)]
    body = notifiers[name].compose(notification(told))
    CHECKS[name](body)
    assert "10000 firing" in said(name, body) or '"firing": 10000' in said(name, body)
    assert "125,000,000.00 EUR" in said(name, body)
    assert re.search(r"and 9,?9[0-9]{2} more", said(name, body))


@pytest.mark.parametrize("name", READ_BY_PEOPLE)
def test_a_message_says_what_how_much_since_when_why_and_what_to_do(
    notifiers: Mapping[str, Notifier], name: str
) -> None:
    told = [
        alert(
            object="order/O-1",
            annotations={"summary": "O-1 waits", "runbook": "Repost the order."},
            severity="critical",
        ),
        alert(object="order/O-2", amount=Decimal("1000"), currency="JPY"),
        alert(object="order/O-3", amount=None),
        alert(object="order/O-4", state=AlertState.RESOLVED, resolved_at=NOW + timedelta(minutes=20)),
        alert(object="order/O-5", state=AlertState.RETRACTED, changed_at=NOW + timedelta(minutes=25)),
    ]
    body = notifiers[name].compose(notification(told))
    CHECKS[name](body)
    text = said(name, body)
    for fact in [
        "3 firing, 2 resolved",
        "OrderNotPosted (legal_entity DE01)",
        "12,500.00 EUR and 1,000 JPY and 1 amount unknown",
        "2026-11-02 12:00 UTC",
        "30 min late",
        "O-1 waits",
        "order.posted is 4h overdue",
        "Repost the order.",
        f"{CONSOLE}/trace?object=order%2FO-1",
        "2026-11-02 12:20 UTC",
        "withdrawn",
    ]:
        assert fact in text or (name == "pagerduty" and fact.startswith("3 firing")), fact


def test_a_first_e_mail_begins_a_thread_that_later_ones_join(notifiers: Mapping[str, Notifier]) -> None:
    first = parsed(notifiers["email"].compose(notification([alert()])))
    later = parsed(notifiers["email"].compose(notification([alert()], thread=first["Message-ID"])))
    assert first["Message-ID"] == "<5a0c5a0c5a0c5a0c5a0c5a0c5a0c5a0c@example.com>"
    assert (first["In-Reply-To"], later["In-Reply-To"], later["References"]) == (None, *[first["Message-ID"]] * 2)
    assert first["Subject"] == later["Subject"] == "[Milepost] OrderNotPosted (legal_entity DE01)"
    assert first["Auto-Submitted"] == "auto-generated"


def test_the_same_notification_is_the_same_e_mail_in_every_process(notifiers: Mapping[str, Notifier]) -> None:
    assert notifiers["email"].compose(notification([alert()])) == notifiers["email"].compose(notification([alert()]))


def test_html_shows_what_others_wrote_as_text(notifiers: Mapping[str, Notifier]) -> None:
    hostile = alert(annotations={"summary": "<script>alert(1)</script>", "runbook": '"><img src=x>'})
    _, html = parsed(notifiers["email"].compose(notification([hostile]))).iter_parts()
    shown = html.get_content()
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_in_a_card_what_others_wrote_is_never_markdown(notifiers: Mapping[str, Notifier]) -> None:
    body = json.loads(notifiers["teams"].compose(notification([alert(reason="**x** [y](http://z)")])))

    def kinds(element: Any) -> Iterator[str]:
        if isinstance(element, dict):
            yield element.get("type", "")
            for inner in element.values():
                yield from kinds(inner)
        elif isinstance(element, list):
            for inner in element:
                yield from kinds(inner)

    assert "TextBlock" not in set(kinds(body))


def test_an_incident_is_as_bad_as_its_worst_alert(notifiers: Mapping[str, Notifier]) -> None:
    told = [alert(object="order/O-1"), alert(object="order/O-2", severity="critical")]
    assert json.loads(notifiers["pagerduty"].compose(notification(told)))["payload"]["severity"] == "critical"
    assert json.loads(notifiers["opsgenie"].compose(notification(told)))[0]["json"]["priority"] == "P1"


def test_an_alert_stays_open_in_alertmanager_for_two_reminders(notifiers: Mapping[str, Notifier]) -> None:
    over = alert(object="order/O-2", state=AlertState.RESOLVED, resolved_at=NOW + timedelta(minutes=10))
    firing, ended = json.loads(notifiers["alertmanager"].compose(notification([alert(), over])))
    assert firing["endsAt"] == "2026-11-02T20:40:00Z"
    assert (ended["startsAt"], ended["endsAt"]) == ("2026-11-02T12:00:00Z", "2026-11-02T12:10:00Z")
    assert firing["annotations"] == {"summary": "order/O-1001 is late", "reason": "order.posted is 4h overdue"}


@given(text=st.text(), limit=st.integers(1, 50))
def test_a_text_that_fits_is_whole_and_a_longer_one_is_a_beginning_of_it(text: str, limit: int) -> None:
    fitted = fit(text, limit, escape)
    assert length(fitted) <= limit
    if length(escape(text)) <= limit:
        assert fitted == escape(text)
    else:
        assert fitted.endswith("…")
        whole = fitted[:-1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert text.startswith(whole)


def test_what_cannot_be_seen_is_taken_out() -> None:
    assert clean("a\x00b\r\nc\u202ed\ud800e\tf") == "a b \nc d e\tf"
