"""What contracts answer to the parts that ask them: legal steps, links that join, and when silence begins."""

from datetime import timedelta

import pytest

from domain.contract import Contracts, EventContract, Link, ObjectContract, SourceContract, StateMachine

MACHINE = StateMachine("new", {"new": {"order.approved": "approved"}, "approved": {"order.posted": "posted"}})
CONTRACTS = Contracts(
    {
        "payment.received": EventContract(
            "payment.received",
            1,
            "cash",
            "payment",
            ("payments",),
            links=(Link("customer", "payer", True),),
            silent_after={"payments": timedelta(hours=2)},
        )
    },
    {
        "order": ObjectContract("order", 1, "order_management", joins=True, machine=None),
        "customer": ObjectContract("customer", 1, "master_data", joins=False, machine=None),
    },
    {"payments": SourceContract("payments", silent_after=timedelta(hours=1))},
)


def test_a_legal_event_leads_to_the_next_state() -> None:
    assert MACHINE.step("new", "order.approved") == "approved"


@pytest.mark.parametrize("state", ["new", "posted"])
def test_an_event_that_is_legal_elsewhere_is_illegal_here(state: str) -> None:
    assert MACHINE.step(state, "order.posted") is None


@pytest.mark.parametrize("state", ["new", "approved", "posted"])
def test_an_event_that_the_machine_does_not_know_changes_nothing(state: str) -> None:
    assert MACHINE.step(state, "invoice.issued") == state


@pytest.mark.parametrize(
    ("event_type", "object_type", "qualifier", "joins"),
    [
        pytest.param("order.approved", "order", "", True, id="an object whose contract says so joins"),
        pytest.param("order.approved", "product", "", False, id="one that nothing is agreed of does not"),
        pytest.param("order.approved", "customer", "buyer", False, id="an object that is shared by many does not"),
        pytest.param("payment.received", "customer", "payer", True, id="unless the event's contract says so"),
        pytest.param("payment.received", "customer", "buyer", False, id="of this very link"),
    ],
)
def test_which_links_join(event_type: str, object_type: str, qualifier: str, joins: bool) -> None:
    assert CONTRACTS.joins(event_type, object_type, qualifier) is joins


@pytest.mark.parametrize(
    ("source", "event_type", "expected"),
    [
        pytest.param("payments", None, timedelta(hours=1), id="of anything"),
        pytest.param("payments", "payment.received", timedelta(hours=2), id="of one event type"),
        pytest.param("erp", "payment.received", None, id="not of a source that does not send it"),
        pytest.param("payments", "payment.failed", None, id="not of a type without a contract"),
        pytest.param("erp", None, None, id="not of a source without a contract"),
    ],
)
def test_when_a_source_counts_as_silent(source: str, event_type: str | None, expected: timedelta | None) -> None:
    assert CONTRACTS.silent_after(source, event_type) == expected
