"""What happens to a message on its way: refusals, silence, broken connections, restarts."""

import hashlib
import hmac
import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.notification import Notification
from alerts.notifiers.http_sender import USER_AGENT
from alerts.notifiers.webhook import WebhookNotifier
from domain.alert import AlertState
from storage.client import Store
from storage.notifications import unfinished_notifications
from tests.builders import NOW, alert
from tests.fakes import Answer, WebhookReceiver, webhook_receiver
from tests.integration.alerts.pipeline import NO_PAUSE, RunningPipeline, routing

WAIT = timedelta(seconds=30)
INTERVAL = timedelta(minutes=5)
FIRST = alert(object="order/O-1")
SECOND = alert(object="order/O-2")
BOTH = "  routes:\n    - {receiver: ops, continue: true}\n    - {receiver: finance}\n"
FAILED = "milepost_notifications_failed_total"
TOTAL = "milepost_notifications_total"
Start = Callable[..., RunningPipeline]


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def finance() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def start(
    embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver, finance: WebhookReceiver
) -> Iterator[Start]:
    """Starts a pipeline with the receivers ops and finance; ops takes all unless `route` says otherwise."""
    running: list[RunningPipeline] = []

    def start(
        route: str = "",
        start_at: timedelta = timedelta(0),
        rng: random.Random = NO_PAUSE,
        text: str | None = None,
    ) -> RunningPipeline:
        text = text or routing({"ops": receiver.url, "finance": finance.url}, route)
        pipeline = RunningPipeline(embedded_store, tmp_path, text, start_at=NOW + start_at, rng=rng)
        running.append(pipeline)
        return pipeline

    yield start
    for pipeline in running:
        pipeline.stop()


def fates(store: Store) -> list[tuple[str, str, int, str]]:
    """Receiver, status, attempts and error of every notification, in order of their making."""
    rows = store.rows("list_notifications", {"limit": 100})
    return [(row["receiver"], row["status"], row["attempts"], row["error"]) for row in reversed(rows)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer(status=500), "server_error", id="an error of the receiver"),
        pytest.param(Answer(status=408), "timeout", id="a request timeout"),
        pytest.param(Answer(status=429), "rate_limited", id="too many requests, no time named"),
        pytest.param(Answer(silent=True), "timeout", id="no answer in time"),
        pytest.param(Answer(reset=True), "connection", id="a reset connection"),
    ],
)
def test_a_passing_failure_is_tried_again_with_the_same_id_and_body(
    start: Start, receiver: WebhookReceiver, embedded_store: Store, answer: Answer, reason: str
) -> None:
    receiver.answers(answer, answer)
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    tries = [receiver.next() for _ in range(3)]
    assert len({(one.headers["Idempotency-Key"], one.body) for one in tries}) == 1
    assert receiver.is_quiet()
    assert fates(embedded_store) == [("ops", "delivered", 3, "")]
    assert pipeline.count(TOTAL, receiver="ops", integration="webhook[0]") == 1
    assert pipeline.count(FAILED, receiver="ops", integration="webhook[0]", reason=reason) == 0


@pytest.mark.parametrize(
    ("answer", "reason", "error"),
    [
        pytest.param(
            Answer(status=400, body=b"no such\n channel"),
            "client_error",
            "answered 400 Bad Request: no such channel",
            id="a refusal",
        ),
        pytest.param(
            Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}),
            "redirected",
            "answered 302 Found",
            id="a redirect",
        ),
    ],
)
def test_a_permanent_failure_stops_at_once_and_the_next_flush_tries_anew(
    start: Start, receiver: WebhookReceiver, embedded_store: Store, answer: Answer, reason: str, error: str
) -> None:
    receiver.answers(answer)
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    first = receiver.next()
    assert receiver.is_quiet()
    assert fates(embedded_store) == [("ops", "failed", 1, error)]
    assert pipeline.count(FAILED, receiver="ops", integration="webhook[0]", reason=reason) == 1
    pipeline.tick(FIRST, after=INTERVAL)
    pipeline.settle()
    second = receiver.next()
    assert second.headers["Idempotency-Key"] == first.headers["Idempotency-Key"]
    assert fates(embedded_store) == [("ops", "delivered", 1, "")]


def test_a_receiver_that_names_a_time_is_left_alone_until_then_by_every_group(
    start: Start, receiver: WebhookReceiver
) -> None:
    other = alert(name="BillingNotSetUp", object="contract/C-1")
    receiver.answers(Answer(status=429, headers={"Retry-After": "1"}))
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, other, after=WAIT)
    receiver.next()
    pipeline.tick(FIRST, replace(other, fired_at=NOW - WAIT, version=2))
    assert receiver.is_quiet()
    pipeline.clock.advance(timedelta(seconds=1))
    pipeline.settle()
    assert receiver.next().firing() | receiver.next().firing() == {"O-1", "C-1"}


def test_at_the_deadline_a_message_is_given_up_with_the_last_error(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    receiver.answers(Answer(status=503, headers={"Retry-After": "300"}))
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    error = "gave up after 1 tries: answered 503 Service Unavailable"
    assert fates(embedded_store) == [("ops", "failed", 1, error)]
    assert pipeline.count(FAILED, receiver="ops", integration="webhook[0]", reason="server_error") == 1


def test_a_silent_receiver_delays_no_other_and_makes_no_other_repeat(
    start: Start, receiver: WebhookReceiver, finance: WebhookReceiver
) -> None:
    receiver.answers(*[Answer(status=500)] * 400)
    pipeline = start(route=BOTH, rng=random.Random(1))
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    assert finance.next().firing() == {"O-1"}
    pipeline.settle(leaving=1)
    pipeline.tick(FIRST, SECOND, after=INTERVAL)
    assert finance.next().firing() == {"O-1", "O-2"}
    pipeline.settle(leaving=1)
    assert finance.is_quiet()
    assert receiver.next().firing() == {"O-1"}


def test_a_receiver_that_is_down_for_an_hour_delays_only_itself_and_then_hears_what_stands(
    start: Start, receiver: WebhookReceiver, finance: WebhookReceiver
) -> None:
    pipeline = start(route=BOTH)
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    assert (receiver.next().firing(), finance.next().firing()) == ({"O-1"}, {"O-1"})
    receiver.answers(*[Answer(status=503)] * 10_000)
    standing = [FIRST]
    for number in range(2, 14):
        # One more each flush, and the first is over for good after half an hour.
        standing.append(alert(object=f"order/O-{number}"))
        if number == 7:
            standing[0] = replace(FIRST, state=AlertState.RESOLVED, resolved_at=NOW, version=2)
        pipeline.tick(*standing, after=INTERVAL)
        message = finance.next()
        pipeline.settle(leaving=1)
        assert message.firing() == {one.business_object.id for one in standing if one.state is AlertState.FIRING}
        assert message.resolved() == ({"O-1"} if number == 7 else set())
        assert finance.is_quiet()
        if number == 7:
            standing.pop(0)
    receiver.recovers()
    pipeline.tick(*standing, after=INTERVAL)
    pipeline.settle()
    late = receiver.next()
    assert (late.firing(), late.resolved()) == ({f"O-{number}" for number in range(2, 14)}, {"O-1"})
    assert receiver.is_quiet()
    assert finance.is_quiet()


def test_a_message_that_cannot_be_written_keeps_no_other_waiting_and_is_written_later(
    start: Start,
    receiver: WebhookReceiver,
    finance: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write = WebhookNotifier.compose
    words = "what nobody should read"

    def fails_for_ops(notifier: WebhookNotifier, notification: Notification) -> str:
        if notification.conversation.receiver == "ops":
            raise ValueError(words)
        return write(notifier, notification)

    pipeline = start(route=BOTH)
    with monkeypatch.context() as patched:
        patched.setattr(WebhookNotifier, "compose", fails_for_ops)
        pipeline.tick(FIRST)
        pipeline.tick(FIRST, after=WAIT)
        assert finance.next().firing() == {"O-1"}
        pipeline.settle()
    assert receiver.is_quiet()
    assert "no message for ops webhook[0]: ValueError" in caplog.text
    assert words not in caplog.text
    pipeline.tick(FIRST)
    pipeline.settle()
    assert receiver.next().firing() == {"O-1"}
    assert finance.is_quiet()


def test_the_end_reaches_a_receiver_that_was_failing_when_another_heard_it(
    start: Start, receiver: WebhookReceiver, finance: WebhookReceiver
) -> None:
    pipeline = start(route=BOTH)
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    receiver.next()
    finance.next()
    receiver.answers(Answer(status=400))
    over = replace(FIRST, state=AlertState.RESOLVED, resolved_at=NOW, version=2)
    pipeline.tick(over, after=INTERVAL)
    pipeline.settle()
    assert (receiver.next().resolved(), finance.next().resolved()) == ({"O-1"}, {"O-1"})
    pipeline.tick(over, after=INTERVAL)
    pipeline.settle()
    assert receiver.next().resolved() == {"O-1"}
    assert finance.is_quiet()


def test_a_message_cut_short_by_the_end_of_the_process_resumes_with_the_same_id_and_body(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    receiver.answers(Answer(status=500))
    first = start(rng=random.Random(1))
    first.tick(FIRST)
    first.tick(FIRST, after=WAIT)
    cut_short = receiver.next()
    first.stop()
    assert [one.notification_id for one in unfinished_notifications(embedded_store)] == [
        cut_short.json["notificationId"]
    ]
    second = start(start_at=timedelta(hours=1))
    second.tick(FIRST, SECOND)
    resumed = receiver.next()
    assert (resumed.headers["Idempotency-Key"], resumed.body) == (
        cut_short.headers["Idempotency-Key"],
        cut_short.body,
    )
    second.settle()
    assert receiver.next().firing() == {"O-1", "O-2"}
    assert unfinished_notifications(embedded_store) == []
    assert receiver.is_quiet()


def test_an_alert_that_ended_while_its_message_was_cut_short_is_told_to_be_over(
    start: Start, receiver: WebhookReceiver
) -> None:
    receiver.answers(Answer(status=500))
    first = start(rng=random.Random(1))
    first.tick(FIRST)
    first.tick(FIRST, after=WAIT)
    receiver.next()
    first.stop()
    second = start(start_at=timedelta(hours=1))
    second.tick(replace(FIRST, state=AlertState.RESOLVED, resolved_at=NOW, version=2))
    second.settle()
    assert (receiver.next().firing(), receiver.next().resolved()) == ({"O-1"}, {"O-1"})
    assert receiver.is_quiet()


def test_after_a_restart_nothing_that_was_delivered_is_repeated(start: Start, receiver: WebhookReceiver) -> None:
    first = start()
    first.tick(FIRST, SECOND)
    first.tick(FIRST, SECOND, after=WAIT)
    first.settle()
    receiver.next()
    first.stop()
    second = start(start_at=timedelta(hours=1))
    second.tick(FIRST, SECOND)
    second.settle()
    assert receiver.is_quiet()
    second.tick(FIRST, replace(SECOND, state=AlertState.RESOLVED, resolved_at=NOW, version=2), after=INTERVAL)
    second.settle()
    assert receiver.next().resolved() == {"O-2"}
    second.tick(FIRST, after=timedelta(hours=5))
    second.settle()
    assert receiver.next().json["reason"] == "repeat_interval_elapsed"


def test_an_unfinished_message_to_a_receiver_that_is_gone_is_given_up(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    receiver.answers(Answer(status=500))
    first = start(rng=random.Random(1))
    first.tick(FIRST)
    first.tick(FIRST, after=WAIT)
    receiver.next()
    first.stop()
    start(start_at=timedelta(hours=1), text="route: {receiver: none}\nreceivers: [{name: none}]\n")
    assert fates(embedded_store) == [("ops", "failed", 0, "receiver_removed")]


def test_a_signed_message_can_be_verified_by_its_receiver(
    start: Start, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    (tmp_path / "url").write_text(f"{receiver.url}\n", encoding="utf-8")
    pipeline = start(
        text="route: {receiver: ops, group_wait: 0s}\n"
        "receivers: [{name: ops, webhook_configs: [{url_file: url, secret_file: secret}]}]\n"
    )
    pipeline.tick(FIRST)
    pipeline.settle()
    message = receiver.next()
    seconds, given = message.headers["X-Milepost-Signature"].removeprefix("t=").split(",v1=")
    expected = hmac.new(b"s3cret", f"{seconds}.".encode() + message.body, hashlib.sha256).hexdigest()
    assert int(seconds) == NOW.timestamp()
    assert hmac.compare_digest(given, expected)
    assert message.headers["User-Agent"] == USER_AGENT
    assert message.headers["Content-Type"] == "application/json"
    assert message.headers["X-Milepost-Notification-Id"] == message.json["notificationId"]


def test_a_message_to_an_unsigned_webhook_has_no_signature(start: Start, receiver: WebhookReceiver) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    assert "X-Milepost-Signature" not in receiver.next().headers


def test_an_address_is_never_logged(start: Start, receiver: WebhookReceiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    receiver.answers(Answer(reset=True), Answer(status=500), Answer(status=400))
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.settle()
    assert "answered 400 Bad Request (failed, try 3)" in caplog.text
    assert "/hook" not in caplog.text


def test_a_stop_waits_for_all_silent_receivers_at_once(start: Start, receiver: WebhookReceiver) -> None:
    names = ["one", "two", "three", "four"]
    receiver.answers(*[Answer(silent=True)] * len(names))
    routes = "".join(f"    - {{receiver: {name}, continue: true}}\n" for name in names)
    text = routing(dict.fromkeys(names, receiver.url), f"  routes:\n{routes}").replace("300ms", "30s")
    pipeline = start(text=text)
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    for _ in names:
        receiver.next()

    began = time.monotonic()
    pipeline.dispatcher.stop(timeout=1)

    assert time.monotonic() - began < 3
