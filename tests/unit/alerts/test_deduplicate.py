"""Whether an integration needs to hear about a group, given what it was last told."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from alerts.notification import Conversation, NotifyReason, alert_labels, firing_entry, notification_id
from alerts.notification_log import Told
from alerts.pipeline.deduplicate import needs_update
from tests.builders import NOW, alert

REPEAT = timedelta(hours=4)


def told(firing: Iterable[str], resolved: Iterable[str] = (), ago: timedelta = timedelta(hours=1)) -> Told:
    return Told(frozenset(firing), frozenset(resolved), frozenset(), NOW - ago, 1)


@pytest.mark.parametrize(
    ("before", "firing", "resolved", "reason"),
    [
        pytest.param(None, "a", "", NotifyReason.FIRST_NOTIFICATION, id="nothing told, one fires"),
        pytest.param(None, "", "a", None, id="nothing told, one is over"),
        pytest.param(None, "", "", None, id="nothing told, nothing there"),
        pytest.param(told(""), "a", "", NotifyReason.FIRST_NOTIFICATION, id="told of an end, one fires"),
        pytest.param(told("", "a"), "", "ab", None, id="told of an end, another fired and ended unheard"),
        pytest.param(told("a"), "a", "", None, id="nothing changed"),
        pytest.param(told("a"), "ab", "", NotifyReason.NEW_ALERTS, id="one more fires"),
        pytest.param(told("a"), "b", "a", NotifyReason.NEW_ALERTS, id="one fires and one is over"),
        pytest.param(told("a"), "", "a", NotifyReason.ALL_RESOLVED, id="the only one is over"),
        pytest.param(told("ab"), "b", "a", NotifyReason.SOME_RESOLVED, id="one of two is over"),
        pytest.param(told("ab", "c"), "b", "c", None, id="an end that was told, another left the group"),
        pytest.param(
            told("a", ago=REPEAT + timedelta(microseconds=1)),
            "a",
            "",
            NotifyReason.REPEAT_INTERVAL_ELAPSED,
            id="unchanged for longer than the repeat interval",
        ),
        pytest.param(told("a", ago=REPEAT), "a", "", None, id="unchanged for exactly the repeat interval"),
    ],
)
def test_a_change_is_a_reason_to_tell(
    before: Told | None, firing: str, resolved: str, reason: NotifyReason | None
) -> None:
    decided = needs_update(
        before,
        frozenset(firing),
        frozenset(resolved),
        send_resolved=True,
        repeat_interval=REPEAT,
        now=NOW,
    )
    assert decided == reason


@pytest.mark.parametrize(
    ("firing", "resolved", "reason"),
    [
        pytest.param("b", "a", None, id="one of two is over: not told"),
        pytest.param("", "ab", NotifyReason.ALL_RESOLVED, id="all are over: the log must forget them"),
        pytest.param("abc", "", NotifyReason.NEW_ALERTS, id="one more fires"),
    ],
)
def test_with_send_resolved_off_only_the_end_of_all_counts(
    firing: str, resolved: str, reason: NotifyReason | None
) -> None:
    decided = needs_update(
        told("ab"),
        frozenset(firing),
        frozenset(resolved),
        send_resolved=False,
        repeat_interval=REPEAT,
        now=NOW,
    )
    assert decided == reason


def test_a_notification_keeps_its_id_until_something_about_it_changes() -> None:
    conversation = Conversation("ops", "webhook[0]", "{}:{}")
    one, two = alert(object="order/O-1"), alert(object="order/O-2")
    ids = [
        notification_id(conversation, [one, two], 7),
        notification_id(conversation._replace(receiver="finance"), [one, two], 7),
        notification_id(conversation, [one], 7),
        notification_id(conversation, [one, two], 8),
        notification_id(conversation, [one, alert(object="order/O-2", version=2)], 7),
    ]
    assert len(set(ids)) == len(ids)
    assert notification_id(conversation, [two, one], 7) == ids[0]


def test_a_severity_changes_what_the_log_remembers() -> None:
    assert firing_entry(alert(severity="critical")) != firing_entry(alert(severity="warning"))
    assert firing_entry(alert(reason="later")) == firing_entry(alert(reason="sooner"))


def test_labels_name_the_alert_and_its_object_and_leave_out_what_is_unknown() -> None:
    labels = alert_labels(alert(labels={"team": "orders", "region": "", "severity": "stale"}, currency=None))
    assert labels == {
        "alertname": "OrderNotPosted",
        "severity": "warning",
        "team": "orders",
        "object_type": "order",
        "object_id": "O-1001",
    }
