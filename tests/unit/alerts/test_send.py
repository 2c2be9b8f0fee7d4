"""One try at a notification: what follows from each outcome."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from alerts.metrics import AlertMetrics
from alerts.notification import Conversation, FailureReason, Notification
from alerts.notifiers.notifier import DeliveryError, Integration
from alerts.pipeline.send import Send, pause_before_retry
from domain.clock import FixedClock
from storage.notifications import NotificationStatus
from tests.builders import NOW
from tests.fakes import NoPause

PENDING = Notification(
    conversation=Conversation("ops", "webhook[0]", "{}:{}"),
    group_labels={},
    firing=("a:warning",),
    resolved=(),
    created_at=NOW,
    deadline=NOW + timedelta(minutes=5),
    body="{}",
)
RATE_LIMITED = DeliveryError(FailureReason.RATE_LIMITED, "answered 429", retry_after=timedelta(seconds=30))
SERVER_ERROR = DeliveryError(FailureReason.SERVER_ERROR, "answered 500")
REFUSED = DeliveryError(FailureReason.CLIENT_ERROR, "answered 400", permanent=True)


@dataclass
class ScriptedNotifier:
    """Meets each try with the next outcome given, an error or None."""

    outcomes: list[Exception | None]
    tries: int = 0

    def compose(self, notification: Notification) -> str:
        return notification.body

    def send(self, notification: Notification, now: object) -> str:
        self.tries += 1
        if error := self.outcomes.pop(0):
            raise error
        return f"receipt {self.tries}"

    def close(self) -> None:
        """Holds nothing."""


def sender(notifier: ScriptedNotifier) -> Send:
    integration = Integration("ops", "webhook[0]", notifier, send_resolved=True)
    return Send(integration, FixedClock(NOW), NoPause(), AlertMetrics(CollectorRegistry()))


def test_a_taken_message_is_delivered() -> None:
    sent = sender(ScriptedNotifier([None])).run(PENDING, NOW)
    assert (sent.status, sent.attempts, sent.error) == (NotificationStatus.DELIVERED, 1, "")
    assert sent.receipt == "receipt 1"


def test_a_passing_failure_leaves_it_on_its_way() -> None:
    sent = sender(ScriptedNotifier([SERVER_ERROR])).run(PENDING, NOW)
    assert (sent.status, sent.attempts, sent.error) == (NotificationStatus.SENDING, 1, "answered 500")
    assert sent.retry_at == NOW


def test_a_failure_that_nobody_foresaw_leaves_it_on_its_way_and_is_logged_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent = sender(ScriptedNotifier([KeyError("https://hooks.example.com/secret")])).run(PENDING, NOW)
    assert (sent.status, sent.attempts, sent.failure) == (NotificationStatus.SENDING, 1, FailureReason.UNFORESEEN)
    assert sent.error == "unforeseen KeyError; the log says where"
    assert sent.retry_at == NOW
    assert "a notifier met an unforeseen KeyError" in caplog.text
    assert "in send" in caplog.text
    assert "secret" not in caplog.text


def test_a_permanent_failure_ends_it() -> None:
    sent = sender(ScriptedNotifier([REFUSED])).run(PENDING, NOW)
    assert (sent.status, sent.failure) == (NotificationStatus.FAILED, FailureReason.CLIENT_ERROR)
    assert sent.error == "answered 400"


def test_a_retry_after_the_deadline_is_not_waited_for() -> None:
    late = replace(PENDING, deadline=NOW)
    sent = sender(ScriptedNotifier([SERVER_ERROR])).run(late, NOW)
    assert (sent.status, sent.failure) == (NotificationStatus.FAILED, FailureReason.SERVER_ERROR)
    assert sent.error == "gave up after 1 tries: answered 500"


def test_a_receiver_that_asked_for_a_pause_gets_it_from_every_notification() -> None:
    notifier = ScriptedNotifier([RATE_LIMITED, None])
    send = sender(notifier)
    until = NOW + timedelta(seconds=30)
    assert send.run(PENDING, NOW).retry_at == until
    other = send.run(replace(PENDING, notification_id="other"), NOW + timedelta(seconds=29))
    assert (other.retry_at, other.attempts, notifier.tries) == (until, 0, 1)
    assert other.error == "the receiver asked to be left alone for now"
    assert send.run(other, until).status is NotificationStatus.DELIVERED


@pytest.mark.parametrize(
    ("attempts", "shortest", "longest"),
    [
        pytest.param(1, 0.5, 1.5, id="about a second after the first try"),
        pytest.param(3, 2.0, 6.0, id="about four seconds after the third"),
        pytest.param(7, 30.0, 90.0, id="about a minute after the seventh"),
        pytest.param(10_000, 30.0, 90.0, id="no longer after ten thousand"),
    ],
)
def test_pauses_double_up_to_a_minute_and_are_spread(attempts: int, shortest: float, longest: float) -> None:
    rng = random.Random(1)
    pauses = [pause_before_retry(attempts, rng).total_seconds() for _ in range(200)]
    assert shortest <= min(pauses) < max(pauses) <= longest
    assert max(pauses) - min(pauses) > (longest - shortest) / 2
