"""What several messages about one group make of each other at a vendor, over restarts and repeats."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.notification import FailureReason, Notification, NotifyReason
from alerts.notifiers.notifier import DeliveryError, Integration
from alerts.notifiers.pagerduty import PagerDutyNotifier
from domain.alert import AlertState
from storage.client import Store
from tests.builders import NOW, alert
from tests.integration.alerts.pipeline import RunningPipeline
from tests.unit.alerts.messages import notification
from tests.vendors.alertmanager import Alertmanager
from tests.vendors.kinds import KINDS, integration, routing_text
from tests.vendors.opsgenie import Opsgenie
from tests.vendors.pagerduty import PagerDuty
from tests.vendors.server import Script, Vendor, serving
from tests.vendors.slack import CHANNEL_ID, Slack
from tests.vendors.webhook import Webhook

INTERVAL = timedelta(minutes=5)
FIRST, SECOND = alert(object="order/O-1"), alert(object="order/O-2")
FIRST_OVER, SECOND_OVER = (
    replace(one, state=AlertState.RESOLVED, resolved_at=NOW, version=2) for one in (FIRST, SECOND)
)
Build = Callable[[str, Vendor, str], Integration]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with ExitStack() as stack:

        def build(kind: str, vendor: Vendor, more: str = "") -> Integration:
            built = integration(KINDS[kind], vendor, tmp_path, more)
            stack.callback(built.notifier.close)
            return built

        yield build


@pytest.fixture
def slack() -> Iterator[Slack]:
    with serving(Slack) as slack:
        yield slack


def firing(built: Integration) -> Notification:
    return composed(built, notification([FIRST]))


def over(built: Integration) -> Notification:
    return composed(built, notification([FIRST_OVER], reason=NotifyReason.ALL_RESOLVED))


def composed(built: Integration, made: Notification) -> Notification:
    return replace(made, body=built.notifier.compose(made))


def posts(vendor: Vendor) -> list[str]:
    """What was called, oldest first, and where in the conversation it went."""
    found = []
    for request in vendor.requests():
        place = next((name for name in ("thread_ts", "ts") if name in request.json), "")
        found.append(f"{request.path.rpartition('/')[2]} {place}".strip())
    return found


def run(
    store: Store, folder: Path, slack: Slack, start_at: timedelta = timedelta(0), more: str = ""
) -> RunningPipeline:
    text = routing_text(
        KINDS["slack by token"], slack, folder, more=more, route=", group_wait: 0s, group_by: [alertname]"
    )
    return RunningPipeline(store, folder, text, start_at=NOW + start_at)


def test_in_slack_news_are_replies_and_the_end_changes_the_first_message_even_after_a_restart(
    embedded_store: Store, tmp_path: Path, slack: Slack
) -> None:
    before = run(embedded_store, tmp_path, slack)
    before.tick(FIRST)
    before.settle()
    before.tick(FIRST, SECOND, after=INTERVAL)
    before.settle()
    before.stop()
    after = run(embedded_store, tmp_path, slack, start_at=timedelta(minutes=20))
    after.tick(FIRST_OVER, SECOND, after=INTERVAL)
    after.settle()
    after.tick(FIRST_OVER, SECOND_OVER, after=INTERVAL)
    after.settle()
    after.tick(replace(FIRST, version=3), after=INTERVAL)
    after.settle()
    after.stop()
    assert slack.violations == []
    assert posts(slack) == [
        "chat.postMessage",
        "chat.postMessage thread_ts",
        "chat.postMessage thread_ts",
        "chat.update ts",
        "chat.postMessage",
    ]
    first, second, third, again = slack.messages.values()
    assert "all alerts are over" in str(first["blocks"])
    assert first["channel"] == CHANNEL_ID
    assert (second["thread_ts"], third["thread_ts"]) == (next(iter(slack.messages)),) * 2
    assert second["reply_broadcast"]
    assert again["channel"] == "#finance"


def test_a_message_that_somebody_deleted_in_slack_is_followed_by_a_new_one(
    embedded_store: Store, tmp_path: Path, slack: Slack
) -> None:
    pipeline = run(embedded_store, tmp_path, slack)
    pipeline.tick(FIRST)
    pipeline.settle()
    slack.messages.clear()
    pipeline.tick(FIRST, SECOND, after=INTERVAL)
    pipeline.settle()
    slack.messages.clear()
    pipeline.tick(FIRST_OVER, SECOND_OVER, after=INTERVAL)
    pipeline.settle()
    pipeline.stop()
    assert posts(slack) == [
        "chat.postMessage",
        "chat.postMessage thread_ts",
        "chat.postMessage",
        "chat.update ts",
        "chat.postMessage",
    ]
    (message,) = slack.messages.values()
    assert "all alerts are over" in str(message["blocks"])
    assert (message["channel"], slack.violations) == ("#finance", [])


def test_without_update_message_every_slack_message_stands_alone(
    embedded_store: Store, tmp_path: Path, slack: Slack
) -> None:
    pipeline = run(embedded_store, tmp_path, slack, more="update_message: false")
    pipeline.tick(FIRST)
    pipeline.settle()
    pipeline.tick(FIRST_OVER, after=INTERVAL)
    pipeline.settle()
    pipeline.stop()
    assert posts(slack) == ["chat.postMessage"] * 2


@pytest.mark.parametrize(
    ("script", "reason", "permanent", "seconds", "message"),
    [
        pytest.param(
            Script(200, {"Retry-After": "20"}, b'{"ok": false, "error": "ratelimited"}'),
            FailureReason.RATE_LIMITED,
            False,
            20,
            "answered ratelimited",
            id="too many messages",
        ),
        pytest.param(
            Script(200, body=b'{"ok": false, "error": "internal_error"}'),
            FailureReason.SERVER_ERROR,
            False,
            None,
            "answered internal_error",
            id="Slack's own fault",
        ),
        pytest.param(
            Script(200, body=b'{"ok": false, "error": "token_revoked"}'),
            FailureReason.UNAUTHORIZED,
            True,
            None,
            "answered token_revoked",
            id="a token that is no longer believed",
        ),
        pytest.param(
            Script(200, body=b'{"ok": false, "error": "channel_not_found"}'),
            FailureReason.CLIENT_ERROR,
            True,
            None,
            "answered channel_not_found",
            id="no such channel",
        ),
        pytest.param(
            Script(200, body=b'{"ok": false, "error": "xoxb-1 <b>"}'),
            FailureReason.CLIENT_ERROR,
            True,
            None,
            "answered an error",
            id="an error that is no word",
        ),
        pytest.param(
            Script(200, body=b"<html>sign in</html>"),
            FailureReason.SERVER_ERROR,
            False,
            None,
            "answered 200 with what is no answer of Slack's",
            id="a page instead of an answer",
        ),
    ],
)
def test_slack_tells_of_errors_with_status_200(
    build: Build,
    slack: Slack,
    script: Script,
    reason: FailureReason,
    permanent: bool,
    seconds: int | None,
    message: str,
) -> None:
    built = build("slack by token", slack, "")
    slack.script(script)
    with pytest.raises(DeliveryError) as failed:
        built.notifier.send(firing(built), NOW)
    wait = None if seconds is None else timedelta(seconds=seconds)
    assert (failed.value.reason, failed.value.permanent, failed.value.retry_after) == (reason, permanent, wait)
    assert str(failed.value) == message


def test_a_repeated_event_opens_no_second_incident_in_pagerduty(build: Build) -> None:
    with serving(PagerDuty) as pagerduty:
        built = build("pagerduty", pagerduty, "")
        assert isinstance(built.notifier, PagerDutyNotifier)
        group_key = firing(built).conversation.group_key
        for _ in range(2):
            built.notifier.send(firing(built), NOW)
        assert (pagerduty.opened, list(pagerduty.incidents.values())) == (1, ["triggered"])

        built.notifier.acknowledge(group_key, NOW)
        assert list(pagerduty.incidents.values()) == ["acknowledged"]

        for _ in range(2):
            built.notifier.send(over(built), NOW)
        assert (pagerduty.opened, pagerduty.incidents, pagerduty.violations) == (1, {}, [])


def test_a_repeated_alert_is_counted_in_opsgenie_and_updated_only_where_asked(build: Build) -> None:
    with serving(Opsgenie) as opsgenie:
        built = build("opsgenie", opsgenie, "")
        for _ in range(2):
            built.notifier.send(firing(built), NOW)
        (alias,) = opsgenie.alerts
        assert opsgenie.counts == {alias: 2}

        more = notification([FIRST, SECOND])
        built.notifier.send(composed(built, more), NOW)
        assert "[1 firing]" in str(opsgenie.alerts[alias]["message"])

        updating = build("opsgenie", opsgenie, "update_alerts: true")
        updating.notifier.send(composed(updating, more), NOW)
        assert "[2 firing]" in str(opsgenie.alerts[alias]["message"])
        assert "order O-2" in str(opsgenie.alerts[alias]["description"])

        for _ in range(2):
            built.notifier.send(over(built), NOW)
        assert (opsgenie.alerts, opsgenie.closed, opsgenie.violations) == ({}, [alias], [])


def test_a_call_that_failed_in_the_middle_is_made_again_with_those_before_it(build: Build) -> None:
    with serving(Opsgenie) as opsgenie:
        built = build("opsgenie", opsgenie, "update_alerts: true")
        built.notifier.send(firing(built), NOW)
        opsgenie.requests()
        opsgenie.script(Script(202), Script(500))
        with pytest.raises(DeliveryError):
            built.notifier.send(firing(built), NOW)
        built.notifier.send(firing(built), NOW)
        assert [one.path.rpartition("/")[2] for one in opsgenie.requests()] == [
            "alerts",
            "message",
            "alerts",
            "message",
            "description",
        ]


def test_a_repeated_message_is_known_to_a_webhook_by_its_id(build: Build) -> None:
    with serving(Webhook) as webhook:
        built = build("webhook", webhook, "")
        for _ in range(2):
            built.notifier.send(firing(built), NOW)
        assert len(webhook.messages) == 1


def test_alertmanager_hears_of_an_end_by_the_same_labels(build: Build) -> None:
    with serving(Alertmanager) as alertmanager:
        built = build("alertmanager", alertmanager, "")
        for _ in range(2):
            built.notifier.send(firing(built), NOW)
        (told,) = alertmanager.alerts.values()
        assert told["endsAt"] > "2026-11-02T20"
        built.notifier.send(over(built), NOW)
        (told,) = alertmanager.alerts.values()
        assert told["endsAt"] == "2026-11-02T12:00:00Z"
