"""What one checked event becomes in the store, and that sending it again changes nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.instants import EARLIEST, LATEST
from storage.client import Store
from storage.events import EventRow, insert_events
from tests.builders import NOW, event_row
from tests.engine import Engine

LATER = NOW + timedelta(minutes=1, microseconds=1)
READ_SIDE = {
    "events": "SELECT * FROM events FINAL ORDER BY source, event_id",
    "object_milestones": "SELECT * FROM object_milestones FINAL ORDER BY ALL",
}


def order_approved(received_at: datetime = LATER) -> EventRow:
    return event_row(
        "e-1",
        "order.approved",
        ["order/O-1001", "customer/C-9/buyer"],
        received_at=received_at,
        amount="12500.00",
        currency="EUR",
        legal_entity="DE01",
        region="EMEA",
        attributes={"tier": "gold"},
        correlation_id="q2c-001001",
        trace_id="0af7651916cd43dd8448eb211c80319c",
        data='{"note":"naïve \\"quoted\\" \\\\ text"}',
    )


def read_side(engine: Engine, store: Store) -> dict[str, list[dict[str, Any]]]:
    return {name: engine.select(store, query) for name, query in READ_SIDE.items()}


def test_an_event_is_kept_whole(store: Store, engine: Engine) -> None:
    insert_events(store, [order_approved()])

    assert engine.select(store, "SELECT * FROM events") == [
        {
            "source": "crm",
            "event_id": "e-1",
            "type": "order.approved",
            "occurred_at": NOW,
            "received_at": LATER,
            "correlation_id": "q2c-001001",
            "causation_id": "",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "span_id": "",
            "subject": "",
            "objects": [
                {"type": "order", "id": "O-1001", "qualifier": ""},
                {"type": "customer", "id": "C-9", "qualifier": "buyer"},
            ],
            "amount": Decimal("12500.000000000"),
            "currency": "EUR",
            "legal_entity": "DE01",
            "region": "EMEA",
            "attributes": {"tier": "gold"},
            "datacontenttype": "application/json",
            "dataschema": "",
            "extensions": {},
            "data": '{"note":"naïve \\"quoted\\" \\\\ text"}',
            "data_base64": False,
        }
    ]


def test_an_event_is_a_milestone_of_every_object_it_names(store: Store, engine: Engine) -> None:
    insert_events(store, [order_approved()])

    shared = {
        "type": "order.approved",
        "occurred_at": NOW,
        "received_at": LATER,
        "source": "crm",
        "event_id": "e-1",
        "correlation_id": "q2c-001001",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "amount": Decimal("12500.000000000"),
        "currency": "EUR",
        "legal_entity": "DE01",
        "region": "EMEA",
        "attributes": {"tier": "gold"},
    }
    assert engine.select(store, "SELECT * FROM object_milestones ORDER BY object_type") == [
        {"object_type": "customer", "object_id": "C-9", "qualifier": "buyer", **shared},
        {"object_type": "order", "object_id": "O-1001", "qualifier": "", **shared},
    ]


def test_an_event_that_names_no_object_is_kept_without_milestones(store: Store, engine: Engine) -> None:
    insert_events(store, [event_row(objects=[])])

    found = read_side(engine, store)
    assert len(found["events"]) == 1
    assert found["object_milestones"] == []


def test_the_same_event_three_times_changes_no_figure(store: Store, engine: Engine) -> None:
    insert_events(store, [order_approved()])
    once = read_side(engine, store)

    insert_events(store, [order_approved(), order_approved()])

    assert read_side(engine, store) == once


def test_of_the_same_event_received_twice_the_first_receipt_stays(store: Store, engine: Engine) -> None:
    insert_events(store, [order_approved(received_at=LATER)])
    insert_events(store, [order_approved(received_at=NOW)])

    found = read_side(engine, store)

    assert [event["received_at"] for event in found["events"]] == [NOW]
    assert [milestone["received_at"] for milestone in found["object_milestones"]] == [NOW, NOW]


@pytest.mark.parametrize(
    "amount",
    [
        pytest.param("99999999999999999999999999999.999999999", id="the largest that fits"),
        pytest.param("-99999999999999999999999999999.999999999", id="the most negative that fits"),
        pytest.param("0.000000001", id="the smallest fraction"),
        pytest.param("0.1", id="a fraction that binary floats cannot hold"),
        pytest.param("9007199254740993", id="a whole number that floats cannot hold"),
    ],
)
def test_amounts_are_exact(store: Store, engine: Engine, amount: str) -> None:
    insert_events(store, [event_row(amount=amount)])

    found = read_side(engine, store)

    assert found["events"][0]["amount"] == Decimal(amount)
    assert found["object_milestones"][0]["amount"] == Decimal(amount)


def test_an_unknown_amount_stays_unknown(store: Store, engine: Engine) -> None:
    insert_events(store, [event_row(amount=None)])

    found = read_side(engine, store)

    assert found["events"][0]["amount"] is None
    assert found["object_milestones"][0]["amount"] is None


@pytest.mark.parametrize(
    "instant",
    [
        pytest.param(EARLIEST, id="the earliest instant"),
        pytest.param(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), id="a microsecond before 1970"),
        pytest.param(datetime(2026, 10, 25, 1, 30, 0, 1, tzinfo=UTC), id="in an hour that clocks repeat"),
        pytest.param(LATEST, id="the latest instant"),
    ],
)
def test_instants_are_exact_to_the_microsecond(store: Store, engine: Engine, instant: datetime) -> None:
    insert_events(store, [event_row(occurred_at=instant, received_at=NOW)])

    found = read_side(engine, store)

    assert found["events"][0]["occurred_at"] == instant
    assert found["object_milestones"][0]["occurred_at"] == instant
