"""What people do with alerts: what is refused, what is stored and audited, and that a repeat counts once."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.handling import Deed, handle, handle_all
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.errors import StoreError, UsageError
from storage.alert_actions import actions_on, handling_of
from storage.alerts import write_transitions
from storage.audit import audit_page, verify_audit
from storage.client import Store
from tests.builders import NOW, alert

ANA = Actor("ana", "ops")
FIRING = alert()
ACK = Deed(ActionKind.ACKNOWLEDGE, comment="on it", action_id="a-1")


def test_a_deed_is_in_the_audit_log_and_stored(store: Store) -> None:
    done = handle(store, FIRING, ACK, ANA, NOW)

    [entry] = audit_page(store)
    assert actions_on(store, [FIRING.alert_id]) == {FIRING.alert_id: [done]}
    assert (done.acted_by, done.acted_at, done.comment) == ("ops (ana)", NOW, "on it")
    assert (entry.kind, entry.who, entry.token, entry.subject) == ("alert.acknowledge", "ana", "ops", FIRING.alert_id)
    assert entry.reason == "on it"
    assert entry.details == '{"action_id":"a-1","alert":"OrderNotPosted","object":"order/O-1001"}'


def test_a_request_that_is_sent_again_counts_once(embedded_store: Store) -> None:
    first = handle(embedded_store, FIRING, ACK, ANA, NOW)
    handle(embedded_store, FIRING, Deed(ActionKind.UNACKNOWLEDGE), ANA, NOW)
    again = handle(embedded_store, FIRING, ACK, ANA, NOW + timedelta(hours=1))

    assert again == first
    assert len(actions_on(embedded_store, [FIRING.alert_id])[FIRING.alert_id]) == 2
    assert verify_audit(embedded_store).entries == 2
    assert handling_of(embedded_store, [FIRING.alert_id]) == {}


def test_an_action_id_is_not_taken_for_something_else(embedded_store: Store) -> None:
    handle(embedded_store, FIRING, ACK, ANA, NOW)

    with pytest.raises(UsageError) as refusal:
        handle(embedded_store, alert(object="order/O-2"), ACK, ANA, NOW)

    assert str(refusal.value) == "action_id 'a-1' was used for another action; give each its own"


def test_of_deeds_at_one_instant_and_with_a_clock_set_back_the_last_one_counts(embedded_store: Store) -> None:
    for name, at in (("ben", NOW), ("cem", NOW), ("dora", NOW - timedelta(hours=1))):
        handle(embedded_store, FIRING, Deed(ActionKind.ASSIGN, name), ANA, at)

    assigned = handling_of(embedded_store, [FIRING.alert_id])[FIRING.alert_id].assigned
    assert assigned is not None
    assert (assigned.value, assigned.acted_at) == ("dora", NOW + timedelta(microseconds=2))


def test_an_acknowledgement_ends_with_the_alert_and_does_not_come_back_when_it_fires_anew(
    embedded_store: Store,
) -> None:
    write_transitions(embedded_store, [FIRING])
    handle(embedded_store, FIRING, ACK, ANA, NOW)
    handle(embedded_store, FIRING, Deed(ActionKind.MARK, "noise"), ANA, NOW)
    over = replace(FIRING, state=AlertState.RESOLVED, version=2, changed_at=NOW + timedelta(hours=1))
    again = replace(FIRING, version=3, changed_at=NOW + timedelta(hours=2))

    def stands() -> tuple[bool, bool]:
        handling = handling_of(embedded_store, [FIRING.alert_id])[FIRING.alert_id]
        return handling.acknowledged is not None, handling.marked is not None

    before = stands()
    write_transitions(embedded_store, [over])
    ended = stands()
    write_transitions(embedded_store, [again])

    assert (before, ended, stands()) == ((True, True), (False, True), (False, True))


@pytest.mark.parametrize(
    ("deed", "by", "reason"),
    [
        pytest.param(Deed(ActionKind.ACKNOWLEDGE), Actor(), "nobody is named; say by whom", id="nobody"),
        pytest.param(
            Deed(ActionKind.UNACKNOWLEDGE),
            ANA,
            f"the alert {FIRING.alert_id} is not acknowledged",
            id="not acknowledged",
        ),
        pytest.param(
            Deed(ActionKind.ASSIGN, " "), ANA, "an alert is assigned to somebody; say to whom", id="assigned to nobody"
        ),
        pytest.param(Deed(ActionKind.MARK, "good"), ANA, "mark is 'good'; give useful or noise", id="another mark"),
        pytest.param(Deed(ActionKind.COMMENT), ANA, "the comment is empty; say something", id="no comment"),
        pytest.param(
            Deed(ActionKind.COMMENT, "x", "hm"), ANA, "comment takes no value; leave it out", id="a value too many"
        ),
        pytest.param(
            Deed(ActionKind.COMMENT, comment="x" * 10_001),
            ANA,
            "comment has 10001 characters; give at most 10000",
            id="a long comment",
        ),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_no_entry(
    embedded_store: Store, deed: Deed, by: Actor, reason: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        handle(embedded_store, FIRING, deed, by, NOW)

    assert str(refusal.value) == reason
    assert audit_page(embedded_store) == []


def test_an_alert_that_is_over_is_marked_but_not_acknowledged(embedded_store: Store) -> None:
    over = replace(FIRING, state=AlertState.RESOLVED)

    with pytest.raises(UsageError) as refusal:
        handle(embedded_store, over, Deed(ActionKind.ACKNOWLEDGE), ANA, NOW)

    assert str(refusal.value) == f"the alert {over.alert_id} is resolved; one that is over is not acknowledged"
    assert handle(embedded_store, over, Deed(ActionKind.MARK, "noise"), ANA, NOW).value == "noise"


def test_what_cannot_be_stored_is_in_the_audit_log_all_the_same(embedded_store: Store) -> None:
    embedded_store.execute("RENAME TABLE alert_actions TO away")
    try:
        with pytest.raises(StoreError):
            handle(embedded_store, FIRING, Deed(ActionKind.COMMENT, comment="hm"), ANA, NOW)
    finally:
        embedded_store.execute("RENAME TABLE away TO alert_actions")


def test_one_deed_on_many_alerts_is_one_entry_and_an_action_on_each_that_allows_it(store: Store) -> None:
    second, over = alert(object="order/O-2"), alert(object="order/O-3", state=AlertState.RESOLVED, resolved_at=NOW)
    deed = replace(ACK, channel="slack")

    done = handle_all(store, [FIRING, second, over], deed, ANA, NOW)
    again = handle_all(store, [FIRING, second, over], deed, ANA, NOW)

    assert [action.alert_id for action in done] == [FIRING.alert_id, second.alert_id]
    assert again == []
    assert sorted(handling_of(store, [FIRING.alert_id, second.alert_id, over.alert_id])) == sorted(
        [FIRING.alert_id, second.alert_id]
    )
    [entry] = audit_page(store)
    assert (entry.kind, entry.subject, entry.reason) == ("alert.acknowledge", "2 alerts", "on it")
    details = json.loads(entry.details)
    assert details["channel"] == "slack"
    assert [one["alert_id"] for one in details["actions"]] == [FIRING.alert_id, second.alert_id]


def test_on_many_alerts_only_what_was_acknowledged_is_taken_back(embedded_store: Store) -> None:
    second = alert(object="order/O-2")
    handle(embedded_store, FIRING, ACK, ANA, NOW)

    taken_back = handle_all(embedded_store, [FIRING, second], Deed(ActionKind.UNACKNOWLEDGE), ANA, NOW)

    assert [action.alert_id for action in taken_back] == [FIRING.alert_id]
    assert handling_of(embedded_store, [FIRING.alert_id]) == {}
    [_, entry] = audit_page(embedded_store)
    # Of one alert alone it reads as if it had been done there.
    assert entry.subject == FIRING.alert_id


def test_on_no_alert_nothing_is_done_or_written(embedded_store: Store) -> None:
    assert handle_all(embedded_store, [], ACK, ANA, NOW) == []
    with pytest.raises(UsageError, match="the comment is empty; say something"):
        handle_all(embedded_store, [FIRING], Deed(ActionKind.COMMENT), ANA, NOW)

    assert audit_page(embedded_store) == []
