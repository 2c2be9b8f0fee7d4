"""One-off evaluation: exact at its edges, and rows as the command shows them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.alert import AlertState
from domain.instants import EARLIEST
from domain.rule import MilestoneRule, Pairing
from rules.evaluator import evaluate, evaluation_row
from storage.client import Store
from storage.events import EventRow, insert_events
from tests.builders import NOW, event_row
from tests.unit.rules.histories import LARGE, rule

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
DEADLINE = NOW + 4 * HOUR
POSTED: MilestoneRule = rule(labels={"team": "order_management"})


def approved(number: int = 1, **changes: Any) -> EventRow:
    return event_row(f"a-{number}", "approved", [f"order/O-{number}"], **changes)


def posted(number: int = 1, **changes: Any) -> EventRow:
    return event_row(f"p-{number}", "posted", [f"order/O-{number}"], **changes)


def states(store: Store, at: datetime, rules: list[MilestoneRule] | None = None) -> dict[str, AlertState]:
    return {alert.business_object.id: alert.state for alert in evaluate(store, rules or [POSTED], at)}


def test_an_empty_store_has_no_alerts(store: Store) -> None:
    assert evaluate(store, [POSTED], NOW) == []


def test_no_rules_give_no_alerts(store: Store) -> None:
    insert_events(store, [approved()])

    assert evaluate(store, [], DEADLINE) == []


@pytest.mark.parametrize(
    ("posted_at", "state"),
    [
        pytest.param(DEADLINE, None, id="at the deadline is in time"),
        pytest.param(DEADLINE + MICROSECOND, AlertState.RESOLVED, id="a microsecond later fired and resolved"),
    ],
)
def test_the_deadline_is_exact_to_the_microsecond(store: Store, posted_at: datetime, state: AlertState | None) -> None:
    insert_events(store, [approved(), posted(occurred_at=posted_at)])

    assert states(store, DEADLINE + HOUR) == ({"O-1": state} if state else {})
    assert states(store, DEADLINE - MICROSECOND) == {}


def test_an_alert_fires_at_its_deadline_and_not_before(store: Store) -> None:
    insert_events(store, [approved(occurred_at=NOW + MICROSECOND)])

    assert states(store, DEADLINE) == {}
    [alert] = evaluate(store, [POSTED], DEADLINE + MICROSECOND)
    assert (alert.state, alert.fired_at) == (AlertState.FIRING, DEADLINE + MICROSECOND)


@pytest.mark.parametrize(
    "occurred_at",
    [
        pytest.param(datetime(1948, 6, 20, 12, 0, 0, 1, tzinfo=UTC), id="in 1948"),
        pytest.param(EARLIEST, id="in 1900"),
        pytest.param(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), id="a microsecond before 1970"),
    ],
)
def test_old_events_are_judged_as_any(store: Store, occurred_at: datetime) -> None:
    insert_events(store, [approved(occurred_at=occurred_at, received_at=NOW)])

    [alert] = evaluate(store, [POSTED], NOW)
    assert (alert.started_at, alert.fired_at) == (occurred_at, occurred_at + 4 * HOUR)

    insert_events(store, [posted(occurred_at=occurred_at + 4 * HOUR, received_at=NOW)])
    assert evaluate(store, [POSTED], NOW) == []


def test_an_unknown_amount_stays_unknown_and_passes_no_bound(store: Store) -> None:
    insert_events(store, [approved(1), approved(2, amount="10000", currency="EUR")])

    amounts = {alert.business_object.id: alert.amount for alert in evaluate(store, [POSTED], DEADLINE)}

    assert amounts == {"O-1": None, "O-2": Decimal(10000)}
    assert states(store, DEADLINE, [rule(where=LARGE)]) == {"O-2": AlertState.FIRING}


def test_each_alert_has_its_own_currency(store: Store) -> None:
    insert_events(
        store,
        [
            approved(1, amount="10", currency="EUR"),
            approved(2, amount="1000", currency="JPY"),
            event_row("q", "quoted", ["order/O-3"], occurred_at=NOW - HOUR, amount="7.5", currency="KWD"),
            approved(3),
            event_row("r", "quoted", ["order/O-4"], occurred_at=NOW - HOUR, amount="7", currency="USD"),
            approved(4, amount="8", currency="CHF"),
        ],
    )

    shown = {row["object_id"]: (row["amount"], row["currency"]) for row in rows(store)}

    assert shown == {
        "O-1": ("10.00", "EUR"),
        "O-2": ("1000", "JPY"),
        "O-3": ("7.500", "KWD"),
        "O-4": ("8.00", "CHF"),
    }


def rows(store: Store) -> list[dict[str, object]]:
    return [evaluation_row(alert) for alert in evaluate(store, [POSTED], DEADLINE)]


def test_a_row_has_what_the_command_promises(store: Store) -> None:
    insert_events(store, [approved(amount="12500", currency="EUR", region="EMEA", correlation_id="q2c-001001")])

    [row] = rows(store)
    reason = row.pop("reason")

    assert row == {
        "alert": "OrderNotPosted",
        "object_type": "order",
        "object_id": "O-1",
        "state": "firing",
        "started_at": "2026-11-02T12:00:00Z",
        "deadline_at": "2026-11-02T16:00:00Z",
        "fired_at": "2026-11-02T16:00:00Z",
        "resolved_at": None,
        "severity": "warning",
        "amount": "12500.00",
        "currency": "EUR",
        "correlation_id": "q2c-001001",
        "labels": {
            "alertname": "OrderNotPosted",
            "team": "order_management",
            "severity": "warning",
            "object_type": "order",
            "object_id": "O-1",
            "region": "EMEA",
            "currency": "EUR",
            "source": "crm",
        },
    }
    assert isinstance(reason, str)
    assert reason


def test_rows_are_ordered_by_deadline_then_alert_then_object(store: Store) -> None:
    insert_events(store, [approved(3), approved(2), approved(1, occurred_at=NOW + MICROSECOND)])
    rules = [rule(name="B"), rule(name="A"), rule(name="C", within=HOUR)]

    found = [(alert.name, alert.business_object.id) for alert in evaluate(store, rules, DEADLINE + HOUR)]

    assert found == [
        *[("C", "O-2"), ("C", "O-3"), ("C", "O-1")],
        *[("A", "O-2"), ("A", "O-3"), ("B", "O-2"), ("B", "O-3")],
        *[("A", "O-1"), ("B", "O-1")],
    ]


def test_what_was_received_later_is_unknown_before(store: Store) -> None:
    insert_events(store, [approved(), posted(occurred_at=NOW + HOUR, received_at=DEADLINE + HOUR)])

    before = evaluate(store, [POSTED], DEADLINE, DEADLINE + HOUR - MICROSECOND)

    assert [alert.state for alert in before] == [AlertState.FIRING]
    assert evaluate(store, [POSTED], DEADLINE, DEADLINE + HOUR) == []
    assert evaluate(store, [POSTED], DEADLINE) == []


@pytest.mark.parametrize("pairing", list(Pairing))
def test_an_object_with_two_thousand_events_is_judged_event_by_event(store: Store, pairing: Pairing) -> None:
    """Every order is approved a thousand times, an hour apart; all but the last are posted after a minute."""
    events = [event_row(f"a-{number}", "approved", occurred_at=NOW + number * HOUR) for number in range(1000)]
    events += [
        event_row(f"p-{number}", "posted", occurred_at=NOW + number * HOUR + timedelta(minutes=1))
        for number in range(999)
    ]
    insert_events(store, events)

    found = evaluate(store, [rule(pairing=pairing)], NOW + 2000 * HOUR)

    last = [] if pairing is Pairing.FIRST else [NOW + 999 * HOUR]
    assert [alert.started_at for alert in found] == last
