"""Notifications and the log of who was told what, as the store keeps them."""

from dataclasses import replace
from datetime import timedelta

from storage.client import Store
from storage.notifications import (
    LogEntry,
    NotificationRecord,
    NotificationStatus,
    read_log,
    unfinished_notifications,
    write_log,
    write_notifications,
)
from tests.builders import NOW

SENDING = NotificationRecord(
    notification_id="n-1",
    receiver="ops",
    integration="webhook[0]",
    group_key='{}:{alertname="OrderNotPosted"}',
    group_labels={"alertname": "OrderNotPosted"},
    reason="first_notification",
    status=NotificationStatus.SENDING,
    attempts=0,
    error="",
    firing=("a:warning", "b:critical"),
    resolved=("c",),
    body='{"text": "größer \\" als"}',
    created_at=NOW,
    updated_at=NOW + timedelta(microseconds=1),
)
TOLD = LogEntry("ops", "webhook[0]", "{}:{}", ("a:warning",), ("b",), NOW, 1)


def test_an_unfinished_notification_comes_back_as_it_was(store: Store) -> None:
    write_notifications(store, [SENDING])
    assert unfinished_notifications(store) == [SENDING]


def test_a_finished_notification_is_not_unfinished_even_when_it_took_no_time(store: Store) -> None:
    write_notifications(store, [SENDING, replace(SENDING, notification_id="n-2")])
    write_notifications(store, [replace(SENDING, status=NotificationStatus.DELIVERED, attempts=1)])
    assert [one.notification_id for one in unfinished_notifications(store)] == ["n-2"]
    (_, listed) = store.rows("list_notifications", {"limit": 2})[::-1]
    assert (listed["notification_id"], listed["status"], listed["attempts"]) == ("n-1", "delivered", 1)


def test_the_log_gives_the_latest_entry_of_groups_with_something_firing(store: Store) -> None:
    write_log(store, [TOLD, replace(TOLD, group_key="{}:{over}")])
    later = replace(TOLD, firing=("a:critical",), sent_at=NOW + timedelta(hours=1), version=2)
    write_log(store, [later, replace(TOLD, group_key="{}:{over}", firing=(), version=2)])
    assert read_log(store) == [later]


def test_writing_nothing_is_no_statement(store: Store) -> None:
    write_notifications(store, [])
    write_log(store, [])
    assert (unfinished_notifications(store), read_log(store)) == ([], [])
