"""The history of alerts as it is stored: every change once, by rule, object and when it became known."""

from datetime import timedelta

import pytest

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState
from domain.business_object import BusinessObject
from domain.instants import to_micros
from storage.alert_history import AlertFilter, alert_changes
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import NOW, alert

HOUR = timedelta(hours=1)


def change(state: AlertState, hours: int, **changes: str) -> Alert:
    at = NOW + hours * HOUR
    version = to_micros(at) * VERSIONS_PER_MICROSECOND
    return alert(state=state, changed_at=at, recorded_at=at, version=version, **changes)


CHANGES = [
    change(AlertState.AT_RISK, 0),
    change(AlertState.FIRING, 1),
    change(AlertState.FIRING, 2, name="InvoiceOverdue", object="invoice/I-1"),
    change(AlertState.RESOLVED, 3),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(AlertFilter(), [3, 2, 1, 0], id="all of them, the newest first"),
        pytest.param(AlertFilter(alert="OrderNotPosted"), [3, 1, 0], id="of one rule"),
        pytest.param(AlertFilter(business_object=BusinessObject("invoice", "I-1")), [2], id="of one object"),
        pytest.param(AlertFilter(since=NOW + HOUR, until=NOW + 3 * HOUR), [2, 1], id="from an instant up to another"),
        pytest.param(
            AlertFilter(alert="OrderNotPosted", business_object=BusinessObject("invoice", "I-1")), [], id="none"
        ),
    ],
)
def test_changes_are_found_once_by_what_they_are_of(store: Store, asked: AlertFilter, expected: list[int]) -> None:
    write_transitions(store, CHANGES)
    # A tick that was cut off writes the same again.
    write_transitions(store, CHANGES[:2])

    found = alert_changes(store, asked, 100)

    assert [one.alert for one in found] == [CHANGES[number] for number in expected]
    assert [one.known_at for one in found] == [CHANGES[number].changed_at for number in expected]


def test_the_newest_are_kept_where_there_are_more(store: Store) -> None:
    write_transitions(store, CHANGES)

    assert [one.alert.state for one in alert_changes(store, AlertFilter(), 1)] == [AlertState.RESOLVED]
