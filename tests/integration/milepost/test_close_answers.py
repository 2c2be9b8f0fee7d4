"""The close as commands ask for it: the same from the store and from the process that holds it."""

from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from domain.errors import UsageError
from milepost.answers.close import CasesWish, SignOffRequest
from milepost.close_book import close_keeper, shipped_close_book
from milepost.close_keeping import CloseKeeping
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from storage.client import Store
from storage.close_cases import CasesWhich
from storage.close_sign_offs import sign_off_history
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.integration.milepost.places import PLACES, answers_at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = Settings()
# Its cutoff comes next: on the fourth of November at 18:00 in Berlin.
OCTOBER = "2026-10"
THEN = NOW - 4 * DAY


@pytest.fixture
def kept(embedded_store: Store) -> Store:
    """Two orders of DE01, one of which is posted; one of FR01 that is posted; one of nobody, of unknown amount."""
    stated = {"amount": "100.10", "currency": "EUR", "legal_entity": "DE01"}
    insert_events(
        embedded_store,
        [
            event_row("a", "order.approved", ["order/O-1"], occurred_at=THEN, **stated),  # type: ignore[arg-type]
            event_row("b", "order.posted", ["order/O-1"], source="erp", occurred_at=THEN + 2 * HOUR),
            event_row("c", "order.approved", ["order/O-2"], occurred_at=THEN, **stated),  # type: ignore[arg-type]
            event_row("d", "order.transmitted", ["order/O-2"], source="middleware", occurred_at=THEN + 4 * HOUR),
            event_row("e", "order.approved", ["order/O-3"], occurred_at=THEN, legal_entity="FR01"),
            event_row("f", "order.posted", ["order/O-3"], source="erp", occurred_at=THEN + 2 * HOUR),
            event_row("g", "order.approved", ["order/O-4"], occurred_at=THEN),
        ],
    )
    close_keeper(embedded_store, shipped_close_book()).tick(NOW)
    return embedded_store


@pytest.mark.parametrize("place", PLACES)
def test_each_legal_entity_says_how_ready_it_is(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        rows = answers.close_readiness(SETTINGS, "", [])
        [only] = answers.close_readiness(SETTINGS, OCTOBER, ["FR01"])

    assert [(row["legal_entity"], row["state"], row["score"]) for row in rows] == [
        ("DE01", "blocked", 0.5),
        ("FR01", "ready", 1.0),
        (None, "blocked", 0.0),
    ]
    assert only["legal_entity"] == "FR01"
    germany = rows[0]
    assert germany["formula"] == "(3 × 1/2 orders_posted) / 3"
    assert (germany["cutoff_at"], germany["target"], germany["met"]) == ("2026-11-04T17:00:00Z", 0.98, False)
    assert germany["gates"][0]["money"] == [
        {
            "currency": "EUR",
            "amount": "200.20",
            "open_amount": "100.10",
            "in_flight_amount": "0.00",
            "unknown": 0,
            "open_unknown": 0,
            "in_flight_unknown": 0,
        }
    ]
    assert germany["gates"][0]["forecast"]["why"] == "fewer than 20 such cases were cleared in the last 90 days"


@pytest.mark.parametrize("place", PLACES)
def test_blockers_are_named_with_their_money_and_where_they_are_stuck(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        blockers = answers.close_cases(SETTINGS, CasesWish())
        cleared = answers.close_cases(SETTINGS, CasesWish(OCTOBER, "DE01", "orders_posted", CasesWhich.CLEARED))
        nobodys = answers.close_cases(SETTINGS, CasesWish(legal_entity=""))
        second = answers.close_cases(SETTINGS, CasesWish(limit=1, offset=1))

    assert blockers[0] == {
        "period": OCTOBER,
        "gate": "orders_posted",
        "object_type": "order",
        "object_id": "O-2",
        "legal_entity": "DE01",
        "amount": "100.10",
        "currency": "EUR",
        "started_at": "2026-10-29T12:00:00Z",
        "cleared_at": None,
        "in_flight": False,
        "stuck_at": "order.transmitted",
        "stuck_since": "2026-10-29T16:00:00Z",
        "owner": "order_management",
    }
    assert [(row["object_id"], row["amount"]) for row in blockers[1:]] == [("O-4", None)]
    assert [(row["object_id"], row["cleared_at"]) for row in cleared] == [("O-1", "2026-10-29T14:00:00Z")]
    assert [row["object_id"] for row in nobodys] == ["O-4"]
    assert second == blockers[1:]


@pytest.mark.parametrize("place", PLACES)
def test_a_sign_off_is_told_in_the_history(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        signed = answers.sign_off_close(SETTINGS, SignOffRequest("FR01", OCTOBER, "ada", "checked"))
        history = answers.close_history(SETTINGS, "FR01", OCTOBER, 10)
        others = answers.close_history(SETTINGS, "DE01", "", 10)

    assert signed["sign_off"]["who"] == "ada"
    assert [(row["kind"], row["who"], row["reason"], row["score"]) for row in history] == [
        ("signed_off", "ada", "checked", 1.0)
    ]
    assert others == []


@pytest.mark.parametrize("place", PLACES)
def test_a_wrong_question_is_told(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        with pytest.raises(UsageError) as period:
            answers.close_readiness(SETTINGS, "2026-13", [])
        with pytest.raises(UsageError) as gate:
            answers.close_cases(SETTINGS, CasesWish(gate="doors"))
        with pytest.raises(UsageError) as blocked:
            answers.sign_off_close(SETTINGS, SignOffRequest("DE01", OCTOBER, "ada", "checked"))

    assert str(period.value) == "there is no period '2026-13'; give one such as 2026-10, 2026-11, 2026-09"
    assert str(gate.value).startswith("there is no gate 'doors'; there are orders_posted, orders_invoiced, invoices_v")
    assert str(blocked.value).startswith("DE01 2026-10 is not ready: orders_posted is blocked or unknown")


@pytest.mark.parametrize("place", PLACES)
def test_every_gate_says_what_it_counts(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        gates = answers.close_gates(SETTINGS)

    assert [gate["gate"] for gate in gates][:2] == ["orders_posted", "orders_invoiced"]
    assert (gates[0]["from"], gates[0]["to"], gates[0]["weight"]) == (["order.approved"], ["order.posted"], 3)


def test_the_running_program_suspends_a_sign_off_and_shows_prometheus(kept: Store) -> None:
    registry = CollectorRegistry()
    keeping = CloseKeeping(SETTINGS, rule_references(SETTINGS), registry)
    with answers_at(PLACES[0], kept) as answers:
        answers.sign_off_close(SETTINGS, SignOffRequest("FR01", OCTOBER, "ada", "checked"))
    keeping.run(kept, NOW, NOW)
    before = shown(registry)
    late = event_row(
        "late",
        "order.approved",
        ["order/O-9"],
        occurred_at=THEN,
        received_at=NOW + HOUR / 120,
        legal_entity="FR01",
    )
    insert_events(kept, [late])

    for minutes in (1, 2):
        run_at(keeping, kept, NOW + timedelta(minutes=minutes))

    assert 'milepost_close_readiness{legal_entity="FR01",period="2026-10"} 1.0' in before
    assert 'milepost_close_signed_off{legal_entity="FR01",period="2026-10"} 1.0' in before
    after = shown(registry)
    assert 'milepost_close_readiness{legal_entity="FR01",period="2026-10"} 0.5' in after
    assert 'milepost_close_signed_off{legal_entity="FR01",period="2026-10"} 0.0' in after
    assert 'milepost_close_open_blockers{gate="orders_posted",legal_entity="FR01",period="2026-10"} 1.0' in after
    assert [entry.kind.value for entry in sign_off_history(kept)] == ["reopened", "signed_off"]


def run_at(keeping: CloseKeeping, store: Store, at: datetime) -> None:
    keeping.run(store, at, at)


def shown(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()
