"""What was known of an object at each milestone: inherited, and amended when earlier events arrive later."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain.known_facts import with_known_facts
from domain.milestone import Facts, Milestone
from tests.builders import NOW

MINUTE = timedelta(minutes=1)


def stated(event_id: str, occurred: int, received: int | None = None, **facts: Any) -> Milestone:
    """A milestone with what its event states; in minutes, received as it occurred unless told otherwise."""
    return Milestone(
        "order.approved",
        NOW + occurred * MINUTE,
        NOW + (occurred if received is None else received) * MINUTE,
        "crm",
        event_id,
        facts=Facts(**facts),
    )


def known(*milestones: Milestone) -> list[tuple[str, int, Facts]]:
    """Event id, minute of receipt and facts of every row."""
    return [(row.event_id, (row.received_at - NOW) // MINUTE, row.facts) for row in with_known_facts(milestones)]


def test_an_event_that_leaves_facts_out_has_the_latest_stated_before_it() -> None:
    first = Facts(Decimal(10), "EUR", "DE01", "EMEA")
    second = Facts(Decimal(20), "USD", "DE01", "EMEA")

    assert known(
        stated("a", 0, amount=Decimal(10), currency="EUR", legal_entity="DE01", region="EMEA"),
        stated("b", 1),
        stated("c", 2, amount=Decimal(20), currency="USD"),
        stated("d", 3),
    ) == [("a", 0, first), ("b", 1, first), ("c", 2, second), ("d", 3, second)]


def test_what_a_later_event_states_does_not_count_before_it() -> None:
    assert known(stated("a", 0), stated("b", 1, region="EMEA")) == [
        ("a", 0, Facts()),
        ("b", 1, Facts(region="EMEA")),
    ]


def test_amount_and_currency_come_from_the_same_event() -> None:
    without_currency = Facts(Decimal(5))

    assert known(
        stated("a", 0, amount=Decimal(10), currency="EUR"),
        stated("b", 1, amount=Decimal(5)),
        stated("c", 2, currency="USD"),
    ) == [("a", 0, Facts(Decimal(10), "EUR")), ("b", 1, without_currency), ("c", 2, without_currency)]


def test_attributes_are_the_events_own() -> None:
    assert known(stated("a", 0, attributes={"tier": "gold"}), stated("b", 1)) == [
        ("a", 0, Facts(attributes={"tier": "gold"})),
        ("b", 1, Facts()),
    ]


def test_an_earlier_event_that_arrives_later_amends_what_was_known() -> None:
    assert known(stated("b", 1, region="EMEA"), stated("a", 0, 9, amount=Decimal(10), currency="EUR")) == [
        ("a", 9, Facts(Decimal(10), "EUR")),
        ("b", 1, Facts(region="EMEA")),
        ("b", 9, Facts(Decimal(10), "EUR", region="EMEA")),
    ]


def test_an_earlier_event_that_arrives_later_but_says_nothing_new_amends_nothing() -> None:
    assert known(
        stated("a", 0, 9, region="AMER"), stated("b", 1, region="EMEA"), stated("c", 2, 2, legal_entity="DE01")
    ) == [
        ("a", 9, Facts(region="AMER")),
        ("b", 1, Facts(region="EMEA")),
        ("c", 2, Facts(legal_entity="DE01", region="EMEA")),
    ]


def test_an_event_counts_from_its_own_receipt_even_if_all_came_at_once() -> None:
    assert known(stated("b", 1, 5), stated("a", 0, 5, region="EMEA")) == [
        ("a", 5, Facts(region="EMEA")),
        ("b", 5, Facts(region="EMEA")),
    ]


def test_equal_instants_go_by_identity() -> None:
    assert known(stated("b", 0), stated("a", 0, region="EMEA")) == [
        ("a", 0, Facts(region="EMEA")),
        ("b", 0, Facts(region="EMEA")),
    ]
