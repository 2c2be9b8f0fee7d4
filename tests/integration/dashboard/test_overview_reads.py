"""The overview's figures, read from a real store of either kind."""

from datetime import datetime, timedelta
from decimal import Decimal

from domain.alert import AlertState
from storage.alerts import write_transitions
from storage.client import Store
from storage.events import insert_events
from storage.overview import (
    MoneyAtRisk,
    OrderFlow,
    RuleCount,
    alert_counts,
    legal_entities,
    money_at_risk,
    open_alerts,
    order_flow,
    throughput,
)
from tests.browser.stuck_order import seed_stuck_order
from tests.builders import alert, event_row

DAY = timedelta(days=1)


def test_an_object_with_two_alerts_counts_its_money_once_in_its_gravest_state(store: Store) -> None:
    write_transitions(
        store,
        [
            alert("OrderNotPosted", amount=Decimal(100)),
            alert("OrderSlow", state=AlertState.AT_RISK, amount=Decimal(100)),
            alert("OrderNotPosted", "order/O-2", amount=Decimal(50)),
        ],
    )

    assert money_at_risk(store, []) == [MoneyAtRisk(AlertState.FIRING, "EUR", 2, 0, Decimal(150))]


def test_amounts_of_different_currencies_are_never_added(store: Store) -> None:
    write_transitions(store, [alert(), alert(object="order/O-2", currency="USD", amount=Decimal(1))])

    assert {(row.currency, row.amount) for row in money_at_risk(store, [])} == {
        ("EUR", Decimal(12500)),
        ("USD", Decimal(1)),
    }


def test_an_amount_nobody_stated_is_unknown_and_not_zero(store: Store) -> None:
    write_transitions(store, [alert(amount=None, currency=None)])

    assert money_at_risk(store, []) == [MoneyAtRisk(AlertState.FIRING, None, 1, 1, None)]
    assert alert_counts(store, []) == [RuleCount("OrderNotPosted", AlertState.FIRING, None, 1, 1, None)]


def test_closed_alerts_are_not_at_risk_any_more(store: Store) -> None:
    write_transitions(store, [alert(state=AlertState.RESOLVED), alert(object="order/O-2", state=AlertState.RETRACTED)])

    assert money_at_risk(store, []) == []
    assert alert_counts(store, []) == []
    assert open_alerts(store, [], 10).total == 0


def test_open_alerts_come_a_page_at_a_time_the_most_urgent_first(store: Store, now: datetime) -> None:
    write_transitions(
        store,
        [
            alert(object="order/risk", state=AlertState.AT_RISK),
            alert(object="order/late", deadline_at=now - timedelta(hours=1)),
            alert(object="order/later", deadline_at=now - timedelta(minutes=1)),
            alert(object="order/critical", severity="critical"),
        ],
    )

    first, second = open_alerts(store, [], 3), open_alerts(store, [], 3, 3)

    assert [each.business_object.id for each in first.alerts] == ["critical", "late", "later"]
    assert [each.business_object.id for each in second.alerts] == ["risk"]
    assert (first.total, second.total) == (4, 4)


def test_figures_can_be_limited_to_legal_entities(store: Store, now: datetime) -> None:
    seed_stuck_order(store, now)

    assert legal_entities(store) == ["DE01", "GB01"]
    assert [each.business_object.id for each in open_alerts(store, ["DE01"], 10).alerts] == ["O-1001"]
    assert [row.alerts for row in alert_counts(store, ["GB01"])] == [1]
    assert money_at_risk(store, ["FR01"]) == []


def test_orders_in_time_are_those_decided_without_an_alert_that_fired(store: Store, now: datetime) -> None:
    seed_stuck_order(store, now)

    current, before = order_flow(store, now, DAY, [])

    assert current == OrderFlow(approved=3, decided=2, late=1, posted=1, median=timedelta(minutes=10))
    assert current.share_in_time == 0.5
    assert before == OrderFlow()
    assert before.share_in_time is None


def test_a_retracted_alert_does_not_make_an_order_late(store: Store, now: datetime) -> None:
    seed_stuck_order(store, now)
    write_transitions(store, [alert(state=AlertState.RETRACTED, version=2)])

    assert order_flow(store, now, DAY, [])[0].late == 0


def test_repeats_change_no_figure(store: Store, now: datetime) -> None:
    for _ in range(3):
        seed_stuck_order(store, now)

    found = throughput(store, now - DAY, now, timedelta(hours=1), [])
    assert {type_: sum(counts.values()) for type_, counts in found.counts.items()} == {
        "quote.approved": 1,
        "order.created": 1,
        "order.approved": 3,
        "order.transmitted": 1,
        "order.posted": 1,
    }
    assert order_flow(store, now, DAY, [])[0].approved == 3
    assert money_at_risk(store, [])[-1].objects == 1


def test_throughput_counts_by_when_it_happened(store: Store, now: datetime) -> None:
    late = event_row(occurred_at=now - timedelta(minutes=90), received_at=now - timedelta(minutes=1))
    insert_events(store, [late, event_row("2", occurred_at=now - 2 * DAY)])

    found = throughput(store, now - DAY, now, timedelta(hours=1), [])

    assert found.counts == {"order.approved": {now - timedelta(hours=2): 1}}
