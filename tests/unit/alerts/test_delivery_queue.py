"""The queue of one integration: order, waiting, and what happens when the program stops."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.delivery import DeliveryQueue
from alerts.notification import Conversation, Notification
from domain.clock import FixedClock
from storage.notifications import NotificationStatus
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def pending(name: str) -> Notification:
    return Notification(
        conversation=Conversation("ops", "webhook[0]", name),
        group_labels={},
        firing=(),
        resolved=(),
        created_at=NOW,
        deadline=NOW + timedelta(minutes=5),
    )


def delivered(notification: Notification) -> Notification:
    return replace(notification, status=NotificationStatus.DELIVERED)


@dataclass
class RecordingStage:
    """Keeps the groups it was run for, and does to each what `effect` says."""

    effect: Callable[[Notification], Notification]
    ran: list[str] = field(default_factory=list)

    def run(self, notification: Notification, now: datetime) -> Notification:
        self.ran.append(notification.conversation.group_key)
        return self.effect(notification)


def test_each_due_notification_is_sent_and_reported() -> None:
    send, told = RecordingStage(delivered), list[Notification]()
    deliveries = DeliveryQueue("test", send, FixedClock(NOW), told.append)
    deliveries.submit(pending("a"))
    deliveries.submit(pending("b"))
    assert deliveries.run_due() is None
    assert send.ran == ["a", "b"]
    assert [one.conversation.group_key for one in told] == ["a", "b"]


def test_a_failed_one_steps_back_and_others_go_first() -> None:
    def fail_a_once(one: Notification) -> Notification:
        if one.conversation.group_key == "a" and one.retry_at is None:
            return replace(one, retry_at=NOW + SECOND)
        return delivered(one)

    clock, told = FixedClock(NOW), list[Notification]()
    send = RecordingStage(fail_a_once)
    deliveries = DeliveryQueue("test", send, clock, told.append)
    deliveries.submit(pending("a"))
    deliveries.submit(pending("b"))
    assert deliveries.run_due() == NOW + SECOND
    assert [one.conversation.group_key for one in told] == ["b"]
    clock.advance(SECOND)
    assert deliveries.run_due() is None
    assert send.ran == ["a", "b", "a"]
    assert [one.conversation.group_key for one in told] == ["b", "a"]


def test_after_stop_nothing_more_is_tried() -> None:
    send = RecordingStage(delivered)
    deliveries = DeliveryQueue("test", send, FixedClock(NOW), lambda one: None)
    deliveries.submit(pending("a"))
    deliveries.stop(timeout=1)
    assert deliveries.run_due() is None
    assert send.ran == []


def test_nothing_is_tried_while_another_may_tell_and_all_of_it_when_this_one_may_again() -> None:
    clock, told, may = FixedClock(NOW), list[Notification](), [False]
    send = RecordingStage(delivered)
    deliveries = DeliveryQueue("test", send, clock, told.append, lambda: may[0])
    deliveries.submit(pending("a"))
    assert deliveries.run_due() == NOW + SECOND / 2
    assert send.ran == []

    may[0] = True
    assert deliveries.run_due() is None
    assert send.ran == ["a"]
