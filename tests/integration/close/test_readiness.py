"""How ready a close is, on data whose figures were worked out by hand."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from domain.close import CellState, GateMoney
from storage.client import Store
from storage.events import EventRow
from tests.builders import event_row
from tests.integration.close.closing import DAY, HOUR, MIDMONTH, cell, closes, hear, keep

NOON = MIDMONTH - 10 * DAY
# Every source was heard lately.
SOON = NOON + 2 * HOUR


def order(id_: str, type_: str, at: datetime = NOON, amount: str | None = None, entity: str = "DE01") -> EventRow:
    currency = "EUR" if amount else ""
    source = "crm" if type_ == "order.approved" else "erp"
    return event_row(
        f"{id_}-{type_}",
        type_,
        [f"order/{id_}"],
        source=source,
        occurred_at=at,
        amount=amount,
        currency=currency,
        legal_entity=entity,
    )


@pytest.fixture
def kept(embedded_store: Store) -> Store:
    """Of four approved orders of DE01 three are posted, of two payments one is applied; FR01 has one posted order."""
    events = [
        *(order(f"O-{number}", "order.approved", amount="100.00") for number in range(3)),
        order("O-3", "order.approved"),
        *(order(f"O-{number}", "order.posted", NOON + HOUR) for number in (0, 1, 3)),
        event_row("p-1", "payment.received", ["payment/P-1"], source="payments", occurred_at=NOON, legal_entity="DE01"),
        event_row("p-2", "payment.received", ["payment/P-2"], source="payments", occurred_at=NOON, legal_entity="DE01"),
        event_row("p-3", "payment.applied", ["payment/P-2"], source="payments", occurred_at=NOON + HOUR),
        order("O-9", "order.approved", entity="FR01"),
        order("O-9", "order.posted", NOON + HOUR, entity="FR01"),
    ]
    keep(embedded_store, events, MIDMONTH)
    return embedded_store


def test_the_score_is_the_weighted_share_of_cases_cleared(kept: Store) -> None:
    hear(kept, SOON)

    found = closes(kept, SOON)

    germany = found["DE01"]
    assert germany.state is CellState.BLOCKED
    assert germany.score.formula == ("(3 × 3/4 orders_posted + 2 × 1/2 payments_applied + 1 × 3/3 sources_heard) / 6")
    assert germany.score.value == pytest.approx((3 * 0.75 + 2 * 0.5 + 1) / 6)
    assert found["FR01"].state is CellState.READY
    assert found["FR01"].score.value == 1.0


def test_a_gate_without_cases_is_nothing_to_do(kept: Store) -> None:
    gate = cell(closes(kept)["DE01"], "orders_invoiced")

    assert (gate.state, gate.cases, gate.share) == (CellState.NOTHING_TO_DO, 0, None)


def test_money_of_what_is_open_is_told_and_the_unknown_amounts_are_counted(kept: Store) -> None:
    gate = cell(closes(kept)["DE01"], "orders_posted")

    assert gate.money == (
        GateMoney(None, None, Decimal(0), 1, 0),
        GateMoney("EUR", Decimal("300.00"), Decimal("100.00"), 0, 0),
    )
    assert gate.oldest_open_at == NOON
    assert timedelta(0) < MIDMONTH - NOON
