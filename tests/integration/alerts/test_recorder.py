"""Fates of notifications on their way into the store."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from prometheus_client import CollectorRegistry

from alerts.metrics import AlertMetrics
from alerts.notification import Conversation, Notification, NotifyReason, to_record
from alerts.notification_log import NotificationLog
from alerts.recorder import Recorder
from domain.clock import FixedClock
from storage.client import Store
from storage.notifications import NotificationStatus, unfinished_notifications, write_notifications
from tests.builders import NOW
from tests.waiting import eventually

SENT = Notification(
    conversation=Conversation("ops", "webhook[0]", "{}:{}"),
    group_labels={},
    firing=("a:warning",),
    resolved=(),
    created_at=NOW,
    deadline=NOW,
    reason=NotifyReason.FIRST_NOTIFICATION,
    notification_id="n-1",
    status=NotificationStatus.DELIVERED,
    attempts=1,
)


@contextmanager
def away(store: Store, table: str) -> Iterator[None]:
    """A store that refuses to write to a table, for the length of a block."""
    store.execute(f"RENAME TABLE {table} TO {table}_away")
    try:
        yield
    finally:
        store.execute(f"RENAME TABLE {table}_away TO {table}")


def test_fates_that_the_store_did_not_take_are_kept_and_reported_only_once_stored(
    embedded_store: Store,
) -> None:
    told: list[Notification] = []
    log = NotificationLog(embedded_store)
    recorder = Recorder(embedded_store, log, FixedClock(NOW), AlertMetrics(CollectorRegistry()), told.append)
    sending = replace(SENT, status=NotificationStatus.SENDING)
    write_notifications(embedded_store, [to_record(sending, NOW)])
    recorder.submit(SENT)
    with away(embedded_store, "notifications"):
        assert not recorder.record_waiting()
        assert told == []
    assert len(unfinished_notifications(embedded_store)) == 1
    assert recorder.record_waiting()
    assert told == [SENT]
    assert unfinished_notifications(embedded_store) == []


def test_a_delivered_notification_is_remembered_and_one_given_up_is_not(embedded_store: Store) -> None:
    log = NotificationLog(embedded_store)
    recorder = Recorder(embedded_store, log, FixedClock(NOW), AlertMetrics(CollectorRegistry()), lambda one: None)
    lost = replace(SENT, conversation=SENT.conversation._replace(receiver="lost"), status=NotificationStatus.FAILED)
    recorder.submit(SENT)
    recorder.submit(lost)
    assert recorder.record_waiting()
    for remembered in (log, NotificationLog(embedded_store)):
        assert remembered.believes_firing(SENT.conversation, "a")
        assert not remembered.believes_firing(lost.conversation, "a")


def test_a_fate_that_comes_during_the_last_write_is_stored_before_the_end(embedded_store: Store) -> None:
    log = NotificationLog(embedded_store)
    second = replace(SENT, notification_id="n-2", conversation=SENT.conversation._replace(group_key="{}:{b}"))
    told: list[Notification] = []

    def report(one: Notification) -> None:
        told.append(one)
        if one == SENT:
            recorder.submit(second)
            stopping.start()
            # Until the stop has been asked for: it then waits for this thread.
            stopping.join(timeout=0.2)

    recorder = Recorder(embedded_store, log, FixedClock(NOW), AlertMetrics(CollectorRegistry()), report)
    stopping = threading.Thread(target=recorder.stop, args=(30,))
    for one in (SENT, second):
        write_notifications(embedded_store, [to_record(replace(one, status=NotificationStatus.SENDING), NOW)])
    recorder.submit(SENT)

    recorder.start()
    eventually(lambda: told and not stopping.is_alive(), "the recorder's end")

    assert told == [SENT, second]
    assert unfinished_notifications(embedded_store) == []


def test_a_fate_counts_though_the_clock_was_set_back_since_the_message_left(embedded_store: Store) -> None:
    log = NotificationLog(embedded_store)
    clock = FixedClock(NOW - timedelta(hours=1))
    recorder = Recorder(embedded_store, log, clock, AlertMetrics(CollectorRegistry()), lambda one: None)
    write_notifications(embedded_store, [to_record(replace(SENT, status=NotificationStatus.SENDING), NOW)])
    recorder.submit(SENT)

    assert recorder.record_waiting()

    assert unfinished_notifications(embedded_store) == []
