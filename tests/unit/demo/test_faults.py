"""Each fault of the demo company, seen as an observer of its events would see it."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from milepost.demo.case import Case
from milepost.demo.company import CUSTOMERS, ENTITY_BY_CODE, PRODUCTS, Customer, dice
from milepost.demo.faults import (
    AmountMismatch,
    BillingSetupLate,
    DuplicateInvoice,
    ErpPostingStuck,
    Fault,
    FlakyInvoiceSync,
    InvoiceSyncGivenUp,
    LateEvidence,
    OrderPostedLate,
    PaymentShownLate,
    QuoteForgotten,
)
from milepost.demo.workflow import OFFICE_PACE, Deal, write_case

STARTED = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
LOCKED = STARTED - timedelta(days=1)


def healthy_case(tier: str = "standard", entity: str = "DE01", seed: int = 1) -> Case:
    customer: Customer = next(each for each in CUSTOMERS[entity] if each.tier == tier)
    deal = Deal("000001", ENTITY_BY_CODE[entity], customer, PRODUCTS[0], "sales", True, STARTED)
    return write_case(deal, OFFICE_PACE, dice("test", seed))


def struck(fault: Fault, case: Case, seed: int = 1) -> Case:
    fault.strike(case, dice("strike", seed))
    return case


def wait(case: Case, beginning: str, end: str) -> timedelta:
    return case.first(end).happened_at - case.first(beginning).happened_at


HANDOFFS = [
    pytest.param("quote.approved", "order.created", 8, QuoteForgotten(), id="a forgotten quote"),
    pytest.param("contract.activated", "billing.configured", 24, BillingSetupLate(), id="a late billing setup"),
    pytest.param("invoice.posted", "invoice.visible_in_crm", 2, InvoiceSyncGivenUp(), id="an invoice sync given up"),
    pytest.param("payment.received", "payment.visible_to_account", 2, PaymentShownLate(), id="a payment shown late"),
    pytest.param("order.approved", "order.posted", 4, OrderPostedLate(), id="an order posted late"),
    pytest.param("order.approved", "order.posted", 4, ErpPostingStuck(LOCKED), id="an order stuck in the ERP"),
]


@pytest.mark.parametrize(("beginning", "end", "hours", "fault"), HANDOFFS)
def test_a_delaying_fault_takes_its_handoff_past_the_window_and_healthy_cases_stay_within(
    beginning: str, end: str, hours: int, fault: Fault
) -> None:
    window = timedelta(hours=hours)
    for seed in range(20):
        assert wait(healthy_case(seed=seed), beginning, end) < 0.75 * window
        assert window < wait(struck(fault, healthy_case(seed=seed), seed=2), beginning, end)


def test_healthy_platinum_orders_are_posted_well_within_their_hour() -> None:
    waits = [wait(healthy_case("platinum", seed=seed), "order.approved", "order.posted") for seed in range(50)]

    assert max(waits) < timedelta(minutes=45)


def test_a_stuck_order_fails_at_every_try_and_names_the_lock() -> None:
    posted = struck(ErpPostingStuck(LOCKED), healthy_case()).first("order.posted")

    assert [failure.status for failure in posted.failures] == [504] * 4
    assert {failure.error for failure in posted.failures} == {"ErpPostingTimeout"}
    assert {failure.message for failure in posted.failures} == {"period lock on company code DE01"}
    assert max(failure.at for failure in posted.failures) < posted.happened_at


def test_some_stuck_orders_are_never_posted_and_nothing_follows_them() -> None:
    cases = [struck(ErpPostingStuck(LOCKED), healthy_case(), seed) for seed in range(200)]
    parked = [case for case in cases if case.first("order.posted").at is None]

    assert 1 <= len(parked) <= 15
    assert all(case.find("invoice.issued") is None for case in parked)
    assert all(len(case.first("order.posted").failures) == 4 for case in parked)


@pytest.mark.parametrize(
    ("entity", "locked_at", "concerned"),
    [
        pytest.param("FR01", LOCKED, True, id="in a locked company code"),
        pytest.param("GB01", LOCKED, False, id="not in another company code"),
        pytest.param("FR01", STARTED + timedelta(days=9), False, id="not when the order was posted before the lock"),
    ],
)
def test_the_lock_concerns_orders(entity: str, locked_at: datetime, concerned: bool) -> None:
    assert ErpPostingStuck(locked_at).concerns(healthy_case(entity=entity)) is concerned


def test_a_duplicate_invoice_has_its_own_id_and_the_same_order_and_amount() -> None:
    case = struck(DuplicateInvoice(), healthy_case())
    issued = [each for each in case.happenings if each.type == "invoice.issued"]

    assert [each.objects[0].id for each in issued] == ["O-000001", "O-000001"]
    assert [each.objects[1].id for each in issued] == ["INV-000001-1", "INV-000001-R"]
    assert issued[0].amount == issued[1].amount
    assert len([each for each in healthy_case().happenings if each.type == "invoice.issued"]) == 1


def test_an_amount_mismatch_shows_between_the_order_and_its_invoice() -> None:
    case = struck(AmountMismatch(), healthy_case())
    ordered, invoiced = case.first("order.approved").amount, case.first("invoice.issued").amount

    assert Decimal("1.01") < invoiced / ordered < Decimal("1.1")
    assert invoiced == case.first("invoice.posted").amount
    assert invoiced - case.first("credit_note.posted").amount == ordered
    assert wait(case, "invoice.issued", "credit_note.posted") > timedelta(days=2)
    assert healthy_case().first("invoice.issued").amount == ordered


def test_late_evidence_happened_in_time_and_is_sent_hours_later() -> None:
    case = struck(LateEvidence(), healthy_case())
    visible = case.first("payment.visible_to_account")

    assert wait(case, "payment.received", "payment.visible_to_account") < timedelta(hours=1.5)
    assert visible.held_back > timedelta(hours=2)
    assert healthy_case().first("payment.visible_to_account").held_back == timedelta(0)


def test_one_invoice_sync_in_five_fails_first_and_is_in_time_all_the_same() -> None:
    cases = [healthy_case(seed=seed) for seed in range(300)]
    rng = random.Random(5)
    for case in cases:
        FlakyInvoiceSync().strike(case, rng)
    flaky = [case for case in cases if case.first("invoice.visible_in_crm").failures]

    assert 0.15 < len(flaky) / len(cases) < 0.25
    assert all(wait(case, "invoice.posted", "invoice.visible_in_crm") < timedelta(hours=1.5) for case in flaky)
