"""What people do with alerts: what is refused, what is stored and audited, and that a repeat counts once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.handling import Deed, handle
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
