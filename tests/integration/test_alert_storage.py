"""Alerts in the store: what is written comes back whole, once, and as it stands last."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from domain.alert import Alert, AlertState
from storage.alerts import alert_history, count_alerts, dispatchable_alerts, list_alerts, write_transitions
from storage.client import Store
from tests.builders import NOW, alert

HOUR = timedelta(hours=1)


def resolved(firing: Alert) -> Alert:
    return replace(
        firing,
        state=AlertState.RESOLVED,
        resolved_at=firing.changed_at + HOUR,
        changed_at=firing.changed_at + HOUR,
        recorded_at=firing.recorded_at + HOUR,
        version=firing.version + 1,
    )


def test_an_alert_comes_back_as_it_was_written(store: Store) -> None:
    written = alert(
        amount=Decimal("12345678901234567890123456789.123456789"),
        fired_at=NOW + timedelta(microseconds=1),
        reason='no "order.posted"\nby the deadline — Ünïcode',
        labels={"alertname": "OrderNotPosted", "team": "order_management"},
        trace_ids=("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"),
    )

    write_transitions(store, [written])

    assert list_alerts(store) == [written]
    assert alert_history(store, written.alert_id) == [written]


def test_what_is_unknown_stays_unknown(store: Store) -> None:
    written = alert(
        amount=None, currency=None, correlation_id=None, fired_at=None, state=AlertState.AT_RISK, trace_ids=()
    )

    write_transitions(store, [written])

    assert list_alerts(store) == [written]


def test_writing_nothing_stores_nothing(store: Store) -> None:
    write_transitions(store, [])

    assert list_alerts(store) == []
    assert count_alerts(store) == {}
    assert dispatchable_alerts(store, NOW - HOUR) == []


def test_an_alert_stands_as_its_last_change_says_in_whatever_order_changes_are_written(store: Store) -> None:
    firing = alert()

    write_transitions(store, [resolved(firing)])
    write_transitions(store, [firing])

    assert list_alerts(store) == [resolved(firing)]
    assert alert_history(store, firing.alert_id) == [firing, resolved(firing)]


def test_a_change_that_is_written_again_is_one_change(store: Store) -> None:
    firing = alert()
    again = replace(firing, recorded_at=firing.recorded_at + HOUR)

    for written in (firing, again):
        write_transitions(store, [written])

    assert alert_history(store, firing.alert_id) == [again]
    assert list_alerts(store) == [again]


def test_alerts_are_listed_newest_change_first_up_to_a_limit_and_by_state(store: Store) -> None:
    alerts = [
        alert(object=f"order/O-{number}", changed_at=NOW + number * HOUR, state=state)
        for number, state in enumerate([AlertState.FIRING, AlertState.AT_RISK, AlertState.FIRING])
    ]
    write_transitions(store, alerts)

    assert list_alerts(store) == alerts[::-1]
    assert list_alerts(store, limit=2) == alerts[:0:-1]
    assert list_alerts(store, AlertState.FIRING) == [alerts[2], alerts[0]]
    assert list_alerts(store, AlertState.SUSPENDED) == []


def test_alerts_are_counted_as_they_stand(store: Store) -> None:
    first, second = alert(), alert(object="order/O-2")

    write_transitions(store, [first, second, resolved(second)])

    assert count_alerts(store) == {AlertState.FIRING: 1, AlertState.RESOLVED: 1}


def test_dispatch_knows_of_those_that_are_open_and_those_that_ended_of_late(store: Store) -> None:
    firing_long = alert(object="order/O-1", changed_at=NOW - 90 * HOUR, recorded_at=NOW - 90 * HOUR)
    ended_of_late = resolved(alert(object="order/O-2"))
    retracted_of_late = replace(resolved(alert(object="order/O-3")), state=AlertState.RETRACTED)
    ended_before = replace(resolved(alert(object="order/O-4")), recorded_at=NOW - timedelta(microseconds=1))
    only_at_risk = alert(object="order/O-5", state=AlertState.AT_RISK, fired_at=None)
    suspended = alert(object="order/O-6", state=AlertState.SUSPENDED, recorded_at=NOW - 90 * HOUR)
    written = [ended_before, retracted_of_late, only_at_risk, suspended, ended_of_late, firing_long]
    write_transitions(store, written)

    told = dispatchable_alerts(store, NOW)

    assert {alert.business_object.id for alert in told} == {"O-1", "O-2", "O-3", "O-5", "O-6"}
    assert all(alert in written for alert in told)
    assert told[0] == firing_long


def test_dispatch_knows_alerts_as_they_stand_in_whatever_order_changes_are_written(store: Store) -> None:
    over, back = alert(object="order/O-1"), resolved(alert(object="order/O-2"))
    fires_again = replace(back, state=AlertState.FIRING, version=back.version + 1, resolved_at=None)
    for written in (resolved(over), over, fires_again, back):
        write_transitions(store, [written])

    assert dispatchable_alerts(store, NOW + 9 * HOUR) == [fires_again]
