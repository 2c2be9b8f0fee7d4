"""Whether systems agree on what an object is worth."""

from decimal import Decimal

from dashboard.components.amounts import disagreement, invoiced, stated_amounts
from domain.business_object import BusinessObject
from domain.money import Money
from storage.trace_view import EventRecord
from tests.unit.dashboard.journeys import ORDER, event


def _priced(type_: str, amount: str, *objects: str, source: str = "erp", currency: str = "EUR") -> EventRecord:
    return event(type_, objects, source=source, amount=Decimal(amount), currency=currency)


def test_an_event_states_the_amount_of_what_it_makes() -> None:
    stated = stated_amounts([_priced("invoice.issued", "40", "order/O-1", "invoice/I-1")])

    assert stated == {BusinessObject("invoice", "I-1"): {"erp": Money(Decimal(40), "EUR")}}


def test_the_last_statement_of_a_system_counts() -> None:
    stated = stated_amounts([_priced("order.created", "1", "order/O-1"), _priced("order.posted", "2", "order/O-1")])

    assert stated[ORDER] == {"erp": Money(Decimal(2), "EUR")}


def test_systems_that_agree_do_not_disagree() -> None:
    events = [
        _priced("order.created", "100", "order/O-1"),
        _priced("order.approved", "100.00", "order/O-1", source="crm"),
    ]

    assert disagreement(events) is None


def test_systems_that_differ_are_named_with_their_amounts() -> None:
    events = [_priced("order.created", "100", "order/O-1"), _priced("order.approved", "90", "order/O-1", source="crm")]

    assert disagreement(events) == "order/O-1 is worth 100.00 EUR in erp, 90.00 EUR in crm"


def test_two_part_invoices_that_add_up_are_right() -> None:
    events = [
        _priced("order.posted", "100", "order/O-1"),
        _priced("invoice.issued", "40", "order/O-1", "invoice/I-1"),
        _priced("invoice.issued", "60", "order/O-1", "invoice/I-2"),
    ]

    together = invoiced(stated_amounts(events))

    assert together is not None
    assert (together.invoices, together.differs) == (2, False)
    assert disagreement(events) is None


def test_an_order_billed_twice_differs() -> None:
    events = [
        _priced("order.posted", "100", "order/O-1"),
        _priced("invoice.issued", "100", "order/O-1", "invoice/I-1"),
        _priced("invoice.issued", "100", "order/O-1", "invoice/I-2"),
    ]

    assert disagreement(events) == "order/O-1 is worth 100.00 EUR, but its invoices come to 200.00 EUR"


def test_invoices_in_two_currencies_are_not_added_up() -> None:
    events = [
        _priced("order.posted", "100", "order/O-1"),
        _priced("invoice.issued", "50", "order/O-1", "invoice/I-1"),
        _priced("invoice.issued", "50", "order/O-1", "invoice/I-2", currency="USD"),
    ]

    assert disagreement(events) is None
