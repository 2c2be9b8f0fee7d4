"""Clicks under Slack messages are done here: signed payloads of their shape, on the real door."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.alert import AlertState
from storage.alerts import write_transitions
from storage.audit import audit_page
from storage.silences import silences_in_force
from tests.builders import NOW
from tests.integration.inbound.door import ONE, TWO, Door, Open
from tests.vendors import pagerduty, slack
from tests.vendors.server import Script

MINUTE = timedelta(minutes=1)


@pytest.fixture
def chat(open_door: Open) -> Door:
    return open_door("slack by token", "signing_secret_file: signing", ONE, TWO, exposed=True)


def test_a_click_acknowledges_what_its_message_told(chat: Door) -> None:
    response = chat.click("Acknowledge")

    assert (response.status_code, response.content) == (200, b"")
    assert chat.answered() == "Acknowledged: 2 alerts, by ana (Slack U012AB3CD)."
    assert [action.acted_by for one in (ONE, TWO) for action in chat.actions(one)] == ["ana (Slack U012AB3CD)"] * 2
    assert chat.slack.violations == []


def test_a_click_that_comes_again_is_done_once_and_the_next_click_again(chat: Door) -> None:
    said = []
    for _ in range(2):
        chat.click("Useful")
        # Answers are sent by themselves, and of two at once either may come first.
        said.append(chat.answered())
    chat.click("Noise", action_ts="1600000009.000001")

    assert said == ["Marked useful: 2 alerts, by ana (Slack U012AB3CD).", "This was done before."]
    assert chat.answered() == "Marked as noise: 2 alerts, by ana (Slack U012AB3CD)."
    assert [action.value for action in chat.actions(ONE)] == ["useful", "noise"]


def test_a_click_silences_what_is_like_its_message_for_an_hour(chat: Door) -> None:
    chat.click("Silence 1h")

    [silence] = silences_in_force(chat.store, NOW)
    assert (silence.matchers, silence.ends_at - NOW, silence.created_by) == (
        ('alertname="OrderNotPosted"',),
        timedelta(hours=1),
        "ana (Slack U012AB3CD)",
    )
    assert chat.answered() == (
        'Silenced for an hour: alerts with alertname="OrderNotPosted". To end it: milepost alerts silence expire '
        f"{silence.silence_id[:8]}"
    )
    assert [entry.kind for entry in audit_page(chat.store)] == ["silence.add"]


def test_a_click_on_what_is_over_says_so(chat: Door) -> None:
    over = [replace(one, state=AlertState.RESOLVED, resolved_at=NOW, version=2) for one in (ONE, TWO)]
    write_transitions(chat.store, over)

    chat.click("Acknowledge")

    assert chat.answered() == "There is nothing left to do: the alerts of this message are over."
    assert chat.actions(ONE) == []


def test_an_answer_goes_to_slacks_host_alone(chat: Door) -> None:
    [message] = chat.slack.messages.values()
    body = slack.clicked(message, "Acknowledge", "http://127.0.0.1:9/actions/T0/1/x")

    response = chat.post("slack", body, slack.signed(body, NOW))

    text = "Acknowledged: 2 alerts, by ana (Slack U012AB3CD)."
    assert (response.status_code, response.json()) == (200, {"response_type": "ephemeral", "text": text})
    assert chat.slack.answers.empty()


def test_a_click_is_done_though_its_answer_cannot_be_delivered(chat: Door) -> None:
    chat.slack.requests()
    chat.slack.script(Script(status=500))

    assert chat.click("Acknowledge").status_code == 200

    assert len(chat.actions(ONE)) == 1
    assert chat.slack.answers.empty()


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        pytest.param(lambda body: {}, "missing", id="none"),
        pytest.param(lambda body: slack.signed(body, NOW, "another"), "wrong", id="of another secret"),
        pytest.param(lambda body: slack.signed(b"payload=", NOW), "wrong", id="of another body"),
        pytest.param(lambda body: slack.signed(body, NOW - 6 * MINUTE), "too_old", id="of six minutes ago"),
        pytest.param(lambda body: slack.signed(body, NOW + 6 * MINUTE), "too_old", id="of six minutes ahead"),
        pytest.param(
            lambda body: {**slack.signed(body, NOW), "X-Slack-Request-Timestamp": "soon"}, "wrong", id="at no time"
        ),
        pytest.param(
            lambda body: {**slack.signed(body, NOW), "X-Slack-Request-Timestamp": "9" * 12},
            "too_old",
            id="after the year 9999",
        ),
        pytest.param(
            lambda body: {
                **slack.signed(body, NOW - 6 * MINUTE),
                "X-Slack-Request-Timestamp": slack.signed(body, NOW)["X-Slack-Request-Timestamp"],
            },
            "wrong",
            id="an old one dated anew",
        ),
    ],
)
def test_a_click_that_is_not_signed_now_does_nothing(
    chat: Door, headers: Callable[[bytes], dict[str, str]], fault: str
) -> None:
    [message] = chat.slack.messages.values()
    body = slack.clicked(message, "Acknowledge", f"{chat.slack.url}/actions/T0/1/x")

    response = chat.post("slack", body, headers(body))

    assert (response.status_code, response.json()["code"]) == (401, fault)
    assert chat.counted("slack", fault) == 1
    assert (chat.actions(ONE), audit_page(chat.store)) == ([], [])
    assert chat.slack.answers.empty()


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_click_may_be_five_minutes_off(chat: Door, minutes: int) -> None:
    [message] = chat.slack.messages.values()
    body = slack.clicked(message, "Acknowledge", "")

    assert chat.post("slack", body, slack.signed(body, NOW + minutes * MINUTE)).status_code == 200

    assert len(chat.actions(ONE)) == 1


@pytest.mark.parametrize(
    ("channel", "body", "status"),
    [
        pytest.param("slack", b"payload={}", 400, id="a payload that says nothing"),
        pytest.param("slack", b"payload=%ff%fe", 400, id="a payload that is no text"),
        pytest.param("slack", b"ssl_check=1&token=x", 200, id="a try of the connection"),
        pytest.param("slack", b'payload={"type":"view_closed","user":{"id":"U1"}}', 200, id="something else"),
        pytest.param("pagerduty", b'{"messages": []}', 400, id="an older webhook"),
        pytest.param("pagerduty", b"\xff", 400, id="no JSON"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_refused(open_door: Open, channel: str, body: bytes, status: int) -> None:
    kind, secret = (
        ("slack by token", "signing_secret_file: signing")
        if channel == "slack"
        else ("pagerduty", "webhook_secret_file: webhook")
    )
    door = open_door(kind, secret)
    headers = slack.signed(body, NOW) if channel == "slack" else pagerduty.signed(body)

    response = door.post(channel, body, headers)

    assert response.status_code == status
    assert door.counted(channel, "unreadable" if status == 400 else "ignored") == 1


def test_messages_have_no_buttons_and_nobody_is_believed_without_a_secret(open_door: Open) -> None:
    door = open_door("slack by token", "", ONE)

    [message] = door.slack.messages.values()
    blocks: Any = message["blocks"]
    assert [block["type"] for block in blocks] == ["header", "section", "section", "context"]
    response = door.post("slack", b"payload={}", slack.signed(b"payload={}", NOW))
    assert (response.status_code, response.json()) == (
        503,
        {
            "code": "not_configured",
            "reason": "no entry of slack_configs has a signing_secret_file or signing_secret_env yet",
        },
    )
