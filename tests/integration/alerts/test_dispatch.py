"""Which messages leave for which alerts, and when."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.handling import Deed, handle
from domain.alert import Alert, AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.instants import to_micros
from storage.alerts import write_transitions
from storage.client import Store
from storage.runs import RunChanges, run_name, write_runs
from tests.builders import NOW, alert
from tests.fakes import WebhookReceiver, webhook_receiver
from tests.integration.alerts.pipeline import RunningPipeline, routing

TICK = timedelta(seconds=5)
WAIT = timedelta(seconds=30)
INTERVAL = timedelta(minutes=5)
REPEAT = timedelta(hours=4)
FIRST = alert(object="order/O-1")
SECOND = alert(object="order/O-2")
Start = Callable[..., RunningPipeline]


def over(fired: Alert, state: AlertState = AlertState.RESOLVED) -> Alert:
    """The alert after it ended."""
    return replace(
        fired, state=state, version=fired.version + 1, resolved_at=NOW + timedelta(minutes=1), changed_at=NOW
    )


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def start(embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver) -> Iterator[Start]:
    """Starts a pipeline; `route` and `webhook` are added to the routing file."""
    running: list[RunningPipeline] = []

    def start(route: str = "", webhook: str = "") -> RunningPipeline:
        text = routing({"ops": receiver.url}, route, webhook)
        running.append(RunningPipeline(embedded_store, tmp_path, text))
        return running[-1]

    yield start
    for pipeline in running:
        pipeline.stop()


def test_alerts_of_one_group_wait_and_travel_together(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, SECOND, after=TICK)
    assert receiver.is_quiet()
    pipeline.tick(FIRST, SECOND, after=WAIT - TICK)
    pipeline.settle()
    message = receiver.next()
    assert message.firing() == {"O-1", "O-2"}
    assert message.json["reason"] == "first_notification"
    assert message.json["groupKey"] == '{}:{alertname="OrderNotPosted"}'
    pipeline.tick(FIRST, SECOND, after=INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()


def test_a_message_names_the_run_that_is_known_when_it_leaves(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    silent = replace(FIRST, correlation_id=None)
    pipeline = start()
    pipeline.tick(silent, SECOND)
    correlation, order = ("", "q2c-9"), ("order", "O-1")
    run = RunChanges(
        linked={order: (1, 0), correlation: (1, to_micros(NOW))}, names={1: run_name(correlation, to_micros(NOW))}
    )
    write_runs(embedded_store, run, version=1)
    pipeline.tick(silent, SECOND, after=WAIT)
    pipeline.settle()

    told = {each["labels"]["object_id"]: each["correlationId"] for each in receiver.next().json["alerts"]}

    assert told == {"O-1": "q2c-9", "O-2": SECOND.correlation_id}


def test_alerts_of_different_groups_travel_apart(start: Start, receiver: WebhookReceiver) -> None:
    other = alert(name="BillingNotSetUp", object="contract/C-1")
    pipeline = start()
    pipeline.tick(FIRST, other)
    pipeline.tick(FIRST, other, after=WAIT)
    pipeline.settle()
    assert sorted(map(sorted, [receiver.next().firing(), receiver.next().firing()])) == [["C-1"], ["O-1"]]
    assert receiver.is_quiet()


def test_an_alert_that_has_fired_for_longer_than_the_wait_leaves_at_once(
    start: Start, receiver: WebhookReceiver
) -> None:
    pipeline = start()
    pipeline.tick(replace(FIRST, fired_at=NOW - WAIT - TICK))
    pipeline.settle()
    assert receiver.next().firing() == {"O-1"}


def test_a_late_joiner_waits_for_the_interval_and_brings_the_whole_group(
    start: Start, receiver: WebhookReceiver
) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    receiver.next()
    pipeline.tick(FIRST, SECOND, after=TICK)
    pipeline.settle()
    assert receiver.is_quiet()
    pipeline.tick(FIRST, SECOND, after=INTERVAL - TICK)
    pipeline.settle()
    message = receiver.next()
    assert message.firing() == {"O-1", "O-2"}
    assert message.json["reason"] == "new_alerts"


@pytest.mark.parametrize("state", [AlertState.RESOLVED, AlertState.RETRACTED])
def test_the_end_of_an_alert_is_told_once_and_its_state_shown(
    start: Start, receiver: WebhookReceiver, state: AlertState
) -> None:
    pipeline = start()
    pipeline.tick(FIRST, SECOND)
    pipeline.tick(FIRST, SECOND, after=WAIT)
    pipeline.settle()
    receiver.next()
    ended = over(FIRST, state)
    pipeline.tick(ended, SECOND, after=INTERVAL)
    pipeline.settle()
    message = receiver.next()
    assert (message.firing(), message.resolved()) == ({"O-2"}, {"O-1"})
    assert message.json["reason"] == "some_resolved"
    assert message.json["alerts"][1]["state"] == state
    pipeline.tick(ended, SECOND, after=INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()
    pipeline.tick(ended, over(SECOND), after=INTERVAL)
    pipeline.settle()
    message = receiver.next()
    assert (message.json["status"], message.firing(), message.resolved()) == ("resolved", set(), {"O-2"})
    assert message.json["reason"] == "all_resolved"


def test_an_alert_that_ended_before_anybody_was_told_is_not_told(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(over(FIRST), after=WAIT)
    pipeline.tick(over(FIRST), after=INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()


def test_an_alert_that_fires_again_is_told_again_under_another_id(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    first = receiver.next()
    pipeline.tick(over(FIRST), after=INTERVAL)
    pipeline.settle()
    assert receiver.next().json["status"] == "resolved"
    again = replace(FIRST, version=3, fired_at=NOW + INTERVAL + WAIT)
    pipeline.tick(again)
    pipeline.tick(again, after=WAIT)
    pipeline.settle()
    second = receiver.next()
    assert second.json["reason"] == "first_notification"
    assert first.json["notificationId"] != second.json["notificationId"]


def test_an_unchanged_group_is_repeated_after_the_repeat_interval_only(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    first = receiver.next()
    pipeline.tick(FIRST, after=REPEAT)
    pipeline.settle()
    assert receiver.is_quiet()
    pipeline.tick(FIRST, after=INTERVAL)
    pipeline.settle()
    repeat = receiver.next()
    assert repeat.json["reason"] == "repeat_interval_elapsed"
    assert first.json["notificationId"] != repeat.json["notificationId"]


def test_of_a_group_that_is_acknowledged_nobody_is_reminded_and_its_end_is_told(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    pipeline = start()
    write_transitions(embedded_store, [FIRST, SECOND])
    pipeline.tick(FIRST, SECOND)
    pipeline.tick(FIRST, SECOND, after=WAIT)
    pipeline.settle()
    receiver.next()
    handle(embedded_store, FIRST, Deed(ActionKind.ACKNOWLEDGE), Actor("ana"), NOW)
    pipeline.tick(FIRST, SECOND, after=REPEAT + INTERVAL)
    pipeline.settle()
    assert receiver.next().json["reason"] == "repeat_interval_elapsed"
    handle(embedded_store, SECOND, Deed(ActionKind.ACKNOWLEDGE), Actor("ana"), NOW)
    pipeline.tick(FIRST, SECOND, after=REPEAT + INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()
    handle(embedded_store, SECOND, Deed(ActionKind.UNACKNOWLEDGE), Actor("ana"), NOW)
    pipeline.tick(FIRST, SECOND, after=INTERVAL)
    pipeline.settle()
    assert receiver.next().json["reason"] == "repeat_interval_elapsed"
    handle(embedded_store, SECOND, Deed(ActionKind.ACKNOWLEDGE), Actor("ana"), NOW)
    pipeline.tick(over(FIRST), over(SECOND), after=INTERVAL)
    pipeline.settle()
    assert receiver.next().json["reason"] == "all_resolved"


def test_a_worse_severity_is_told_a_new_reason_text_is_not(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    receiver.next()
    pipeline.tick(replace(FIRST, reason="6h overdue", version=2), after=INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()
    pipeline.tick(replace(FIRST, severity="critical", version=3), after=INTERVAL)
    pipeline.settle()
    message = receiver.next()
    assert message.json["commonLabels"]["severity"] == "critical"
    assert message.json["reason"] == "new_alerts"


@pytest.mark.parametrize("state", [AlertState.AT_RISK, AlertState.SUSPENDED])
def test_an_alert_without_a_verdict_is_not_told(start: Start, receiver: WebhookReceiver, state: AlertState) -> None:
    undecided = replace(FIRST, state=state)
    pipeline = start()
    pipeline.tick(undecided)
    pipeline.tick(undecided, after=WAIT)
    pipeline.settle()
    assert receiver.is_quiet()
    decided = replace(FIRST, version=2)
    pipeline.tick(decided, after=TICK)
    pipeline.tick(decided, after=WAIT)
    pipeline.settle()
    assert receiver.next().firing() == {"O-1"}


@pytest.mark.parametrize("listed", [True, False], ids=["listed as suspended", "not listed meanwhile"])
def test_an_alert_suspended_for_a_while_is_not_told_again_and_its_end_is(
    start: Start, receiver: WebhookReceiver, listed: bool
) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    receiver.next()
    suspended = [replace(FIRST, state=AlertState.SUSPENDED, version=2)] if listed else []
    pipeline.tick(*suspended, after=INTERVAL)
    pipeline.tick(*suspended, SECOND, after=INTERVAL)
    pipeline.settle()
    assert receiver.next().firing() == {"O-1", "O-2"}
    pipeline.tick(replace(FIRST, version=3), SECOND, after=INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()
    pipeline.tick(over(replace(FIRST, version=3)), SECOND, after=INTERVAL)
    pipeline.settle()
    assert receiver.next().resolved() == {"O-1"}


def test_an_alert_that_moves_to_another_group_is_over_in_the_first(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start(route="  routes: [{receiver: ops, matchers: [severity=critical], group_by: [severity]}]\n")
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    receiver.next()
    worse = replace(FIRST, severity="critical", version=2)
    pipeline.tick(worse, after=INTERVAL)
    pipeline.settle()
    told = {one.json["groupKey"]: one for one in (receiver.next(), receiver.next())}
    assert told['{}:{alertname="OrderNotPosted"}'].resolved() == {"O-1"}
    assert told['{}/{severity="critical"}:{severity="critical"}'].firing() == {"O-1"}


def test_with_send_resolved_off_the_end_is_not_told_and_firing_again_is(
    start: Start, receiver: WebhookReceiver
) -> None:
    pipeline = start(webhook=", send_resolved: false")
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    receiver.next()
    pipeline.tick(over(FIRST), after=INTERVAL)
    pipeline.settle()
    assert receiver.is_quiet()
    pipeline.tick(replace(FIRST, version=3), after=INTERVAL)
    pipeline.settle()
    assert receiver.next().firing() == {"O-1"}


def test_a_receiver_without_integrations_takes_alerts_in_silence(
    embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver
) -> None:
    quiet = RunningPipeline(embedded_store, tmp_path, "route: {receiver: none}\nreceivers: [{name: none}]\n")
    quiet.tick(FIRST)
    quiet.tick(over(FIRST), after=INTERVAL)
    quiet.settle()
    assert quiet.count("milepost_alert_groups") == 0
    quiet.stop()
    assert embedded_store.rows("unfinished_notifications") == []
    assert receiver.is_quiet()
