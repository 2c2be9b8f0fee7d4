"""The work list and reconciliation on a real store: what waits, what is done about it, what is accepted and reopens."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alerts.handling import Deed, handle
from dashboard.export_files import csv_file
from dashboard.export_sheets import alerts_sheet, audit_sheet, work_sheet
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.alert import Alert, AlertState
from domain.alert_action import ActionKind
from domain.alert_evidence import AlertEvidence, EventEvidence
from domain.audit import Actor
from domain.business_object import BusinessObject
from domain.clock import FixedClock
from domain.errors import UsageError
from domain.reconcile_rule import ReconcileRule
from rules.loader import load_rules
from rules.reconcile_exceptions import compare
from rules.references import References
from rules.versions import adopt
from storage.alert_actions import actions_on
from storage.alerts import list_alerts, write_transitions
from storage.audit import audit_page
from storage.client import Store
from storage.events import insert_events
from storage.kpi_cases import Pricing
from storage.on_call import AlertWish
from storage.rule_versions import write_rule_versions
from storage.trace_view import events_of
from storage.work_list import WorkWish, work_page
from tests.browser.stuck_order import STUCK, seed_stuck_order
from tests.builders import alert, event_row
from tests.integration.dashboard.test_on_call_pages import fill, shown

WORK, RECONCILE = "views/finance_operations.py", "views/reconciliation.py"
EURO = Pricing("EUR", 7)
RULE = """
groups:
  - name: order_to_bill
    rules:
      - alert: InvoicedOtherThanOrdered
        reconcile:
          object: order
          left: {event: order.approved, source: crm}
          right: {event: order.posted, source: erp}
          "on": [amount, currency]
          tolerance: {absolute: "5"}
          settle: 1h
"""

PAID_RULE = """
groups:
  - name: invoice_to_cash
    rules:
      - alert: PaidOtherThanInvoiced
        reconcile: {object: invoice, left: invoice.issued, right: payment.applied, "on": amount, sum: right, settle: 1h}
"""


@pytest.fixture
def page(embedded_store: Store, now: datetime) -> AppTest:
    """The console of a company with one stuck order and one at risk, at its first page."""
    seed_stuck_order(embedded_store, now)
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    return AppTest.from_file(str(APP), default_timeout=60).run()


@pytest.fixture
def stuck(page: AppTest, embedded_store: Store) -> Alert:
    [found] = [one for one in list_alerts(embedded_store, AlertState.FIRING) if str(one.business_object) == STUCK]
    return found


@pytest.fixture
def differing(embedded_store: Store, now: datetime, tmp_path_factory: pytest.TempPathFactory) -> Alert:
    """An order that is worth less in the ERP, as a reconcile rule told."""
    path = tmp_path_factory.mktemp("rules") / "billing.yaml"
    path.write_text(RULE)
    write_rule_versions(embedded_store, adopt([], load_rules([path], References()), now, now))
    at = now - timedelta(hours=5)
    insert_events(
        embedded_store,
        [
            event_row(
                "a", "order.approved", ["order/O-7", "customer/C-1"], occurred_at=at, amount="100.00", currency="EUR"
            ),
            event_row("b", "order.posted", ["order/O-7"], source="erp", occurred_at=at, amount="90.00", currency="EUR"),
        ],
    )
    one = alert(
        "InvoicedOtherThanOrdered",
        "order/O-7",
        amount=Decimal("10.00"),
        reason="amount is 100 EUR in order.approved, 90 EUR in order.posted",
        evidence=AlertEvidence(started_by=EventEvidence("order.posted", "erp", "b", at, at)),
    )
    write_transitions(embedded_store, [one])
    return one


def test_work_is_sorted_by_money_and_time_with_customer_and_where_it_is_stuck(page: AppTest, stuck: Alert) -> None:
    text = shown(page.switch_page(WORK).run())

    first = "begin with order O-1001 (€12.5\u202fK)."
    assert f"2 objects are stuck, worth €12.5\u202fK and 1 of unknown worth; {first}" in text
    assert text.index("order O-1001") < text.index("order O-3003")
    assert "C-9 · DE01" in text
    assert "waits for order.posted" in text
    assert "behind erp POST /erp/orders: PeriodLocked" in text
    assert 'aria-label="125 % of its time is gone"' in text


def test_work_is_limited_by_its_filters(page: AppTest, stuck: Alert) -> None:
    page.switch_page(WORK).run()

    assert "O-1001</b>" not in shown(page.multiselect(key="entity").select("GB01").run())
    text = shown(page.multiselect(key="entity").unselect("GB01").run())
    assert "O-1001</b>" in text
    text = shown(page.text_input(key="find").set_value("3003").run())
    assert "O-1001</b>" not in text
    assert "O-3003</b>" in text


@pytest.mark.parametrize(
    ("paid", "suggestion"),
    [
        ("60.00", "Paid less than it should be: deducted, paid in parts, or the rest was applied to something else."),
        ("160.00", "Paid more than it should be: paid twice, or applied here although it pays something else."),
    ],
)
def test_a_payment_that_differs_is_suggested_about_as_a_payment(
    embedded_store: Store, now: datetime, tmp_path: Path, paid: str, suggestion: str
) -> None:
    (tmp_path / "cash.yaml").write_text(PAID_RULE)
    [rule] = load_rules([tmp_path], References())
    assert isinstance(rule, ReconcileRule)
    said: dict[str, Any] = {"occurred_at": now - timedelta(days=9), "currency": "EUR"}
    issued = event_row("i", "invoice.issued", ["invoice/I-1"], source="billing", amount="100.00", **said)
    applied = event_row("p", "payment.applied", ["invoice/I-1"], source="erp", amount=paid, **said)
    insert_events(embedded_store, [issued, applied])

    assert compare(rule, events_of(embedded_store, BusinessObject("invoice", "I-1"))).suggestion == suggestion


def test_amounts_in_two_currencies_are_neither_added_nor_compared(
    embedded_store: Store, now: datetime, tmp_path: Path
) -> None:
    (tmp_path / "cash.yaml").write_text(PAID_RULE)
    [rule] = load_rules([tmp_path], References())
    assert isinstance(rule, ReconcileRule)
    invoice = BusinessObject("invoice", "I-1")
    issued: dict[str, Any] = {"occurred_at": now - timedelta(days=9)}
    rows = [
        event_row("i", "invoice.issued", [str(invoice)], source="billing", amount="100.00", currency="EUR", **issued),
        event_row("p", "payment.applied", [str(invoice)], source="erp", amount="60.00", currency="USD", **issued),
    ]
    insert_events(embedded_store, rows)

    apart = compare(rule, events_of(embedded_store, invoice))
    insert_events(
        embedded_store,
        [event_row("q", "payment.applied", [str(invoice)], source="erp", amount="40.00", currency="EUR", **issued)],
    )
    mixed = compare(rule, events_of(embedded_store, invoice))

    assert (apart.right.fields["amount"], apart.right.currency, apart.difference) == (Decimal(60), "USD", None)
    assert apart.suggestion.startswith("The currencies differ")
    assert (mixed.right.fields["amount"], mixed.difference) == (None, None)


def test_an_object_with_two_alerts_counts_once_and_so_does_its_money(
    page: AppTest, stuck: Alert, embedded_store: Store
) -> None:
    write_transitions(embedded_store, [replace(stuck, alert_id="b" * 32, name="OrderMissesClose")])

    text = shown(page.switch_page(WORK).run())

    assert "2 objects are stuck, worth €12.5\u202fK and 1 of unknown worth; begin with order O-1001" in text
    assert "3 alerts on 2 objects, the most urgent first" in text


def test_a_row_opens_the_pane_beside_the_list_and_it_closes(page: AppTest, stuck: Alert) -> None:
    page.switch_page(WORK).run()

    text = shown(page.button(key=f"show_{stuck.alert_id}").click().run())
    assert page.query_params["alert"] == stuck.alert_id
    assert "<h2>Related objects</h2>" in text
    assert "Nobody said anything yet" in text
    assert "O-3003</b>" in text

    assert "Related objects" not in shown(page.button(key="close_pane").click().run())


def test_several_are_assigned_at_once_and_it_is_audited(page: AppTest, embedded_store: Store, stuck: Alert) -> None:
    page.switch_page(WORK).run()
    ids = [one.alert_id for one in list_alerts(embedded_store, None)]
    for alert_id in ids:
        page.checkbox(key=f"pick_{alert_id}").check().run()
    assert "2 objects of 2 selected" in shown(page)

    page.button(key="work_assign").click().run()
    page.text_input(key="work_act_assign_to").set_value("team billing")
    fill(page, "work_act_assign", "ana", "same cause")

    text = shown(page)
    assert text.count("→ team billing") == 2
    assert "selected" not in text
    assert {one.value for found in actions_on(embedded_store, ids).values() for one in found} == {"team billing"}
    [entry] = [one for one in audit_page(embedded_store, 1) if one.kind == "alert.assign"]
    assert (entry.who, entry.subject, entry.reason) == ("ana", "2 alerts", "same cause")


def test_a_comment_and_a_wish_for_a_replay_stand_with_who_and_when(
    page: AppTest, embedded_store: Store, stuck: Alert
) -> None:
    page.switch_page(WORK).run()
    page.button(key=f"show_{stuck.alert_id}").click().run()
    page.button(key="work_comment").click().run()
    fill(page, "work_act_comment", "ana", "the ERP opens the period at noon")
    page.button(key="work_replay").click().run()

    text = shown(fill(page, "work_act_replay", "ana", "the period is open again"))

    assert "the ERP opens the period at noon" in text
    assert "Asked for a replay" in text
    assert "“the period is open again” ana" in text
    kinds = [entry.kind for entry in audit_page(embedded_store, 1) if entry.kind.startswith("alert.")]
    assert kinds == ["alert.comment", "alert.request_replay"]


def test_nothing_is_done_without_a_name_and_a_reason(page: AppTest, embedded_store: Store, stuck: Alert) -> None:
    page.switch_page(WORK).run()
    page.button(key=f"show_{stuck.alert_id}").click().run()
    page.button(key="work_comment").click().run()

    assert "The reason is missing" in shown(fill(page, "work_act_comment", "ana", " "))
    assert actions_on(embedded_store, [stuck.alert_id]) == {}


def test_without_work_it_says_so(embedded_store: Store, now: datetime) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    page = AppTest.from_file(str(APP), default_timeout=60).run()

    text = shown(page.switch_page(WORK).run())

    assert "Nothing is stuck." in text
    assert "An object stands here from the moment" in text


def test_the_lists_are_exported_as_they_are_filtered(page: AppTest, stuck: Alert, embedded_store: Store) -> None:
    work = csv_file(work_sheet(WorkWish(entities=("DE01",)))(10)).decode("utf-8-sig").splitlines()
    assert len(work) == 2
    assert work[1].startswith("order,O-1001,C-9,DE01,EMEA,12500,EUR,12500,EUR,OrderNotPosted,firing,order.posted,")
    assert len(work_sheet(WorkWish())(1).rows) == 1
    assert work_sheet(WorkWish())(1).left_out == 1
    assert alerts_sheet(AlertWish())(10).total == 2
    handle(embedded_store, stuck, Deed(ActionKind.COMMENT, comment="x"), Actor("ana"), stuck.deadline_at)
    assert [row[4] for row in audit_sheet("")(10).rows] == ["alert.comment"]


def test_both_sides_stand_beside_each_other_with_the_difference(page: AppTest, differing: Alert) -> None:
    text = shown(page.switch_page(RECONCILE).run())

    assert "1 exception about €10 is open." in text
    assert "<b>100.00 EUR</b>" in text
    assert "<b>90.00 EUR</b>" in text
    assert "-10.00 EUR" in text
    assert "tolerance 5" in text
    assert "Suggestion:" in text


def test_what_is_accepted_is_closed_until_a_side_changes(
    page: AppTest, embedded_store: Store, differing: Alert, now: datetime
) -> None:
    page.switch_page(RECONCILE).run()
    page.button(key=f"accept_{differing.alert_id}").click().run()

    text = shown(fill(page, "accept", "ana", "a discount that was agreed by phone"))

    assert "No exception is open." in text
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    page.session_state["which"] = "accepted"
    assert "Accepted by ana" in shown(page.run())
    assert [entry.kind for entry in audit_page(embedded_store, 1) if entry.kind.startswith("alert.")] == [
        "alert.accept"
    ]

    changed = replace(differing, reason="amount is 100 EUR in order.approved, 80 EUR in order.posted", version=2)
    write_transitions(embedded_store, [changed])
    assert work_page(embedded_store, WorkWish(rules=(differing.name,)), now, EURO, 5).total == 1
    assert work_page(embedded_store, WorkWish(rules=(differing.name,), accepted=True), now, EURO, 5).total == 0


def test_what_has_changed_since_it_was_shown_is_not_accepted(
    embedded_store: Store, differing: Alert, now: datetime
) -> None:
    with pytest.raises(UsageError) as refused:
        handle(embedded_store, differing, Deed(ActionKind.ACCEPT, "other facts", "fine"), Actor("ana"), now)

    assert str(refused.value) == (
        f"the alert {differing.alert_id} has changed since you looked; look again before you accept it"
    )


def test_without_exceptions_both_sides_agree(page: AppTest) -> None:
    assert "No exception is open." in shown(page.switch_page(RECONCILE).run())
