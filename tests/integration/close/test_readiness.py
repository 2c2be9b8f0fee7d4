"""How ready a close is, on data whose figures were worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from close.readiness import read_close
from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState
from domain.close import CellState, GateMoney, score_of
from domain.instants import to_micros
from rules.engine import ENGINE
from storage.alerts import write_transitions
from storage.client import Store
from storage.engine_state import Watermark, write_watermark
from storage.events import EventRow
from tests.builders import alert, event_row
from tests.integration.close.closing import BOOK, DAY, HOUR, MIDMONTH, NOVEMBER, cell, closes, hear, keep

NOON = MIDMONTH - 10 * DAY
# Every source was heard lately.
SOON = NOON + 2 * HOUR
# The shipped gates without windows: what is open blocks at once.
AT_ONCE = replace(
    BOOK, definition=replace(BOOK.definition, gates=tuple(replace(gate, within=None) for gate in BOOK.gates))
)


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
        # Whoever says anything is heard.
        *(
            event_row(f"beat-{source}", "heartbeat", [], source=source, occurred_at=SOON)
            for source in ("crm", "erp", "payments")
        ),
    ]
    keep(embedded_store, events, SOON)
    hear(embedded_store, SOON)
    return embedded_store


def test_what_is_open_inside_its_window_is_in_flight_and_blocks_nothing(kept: Store) -> None:
    germany = closes(kept, SOON)["DE01"]

    assert germany.state is CellState.IN_FLIGHT
    assert (germany.late, germany.in_flight) == (0, 2)
    gate = cell(germany, "orders_posted")
    assert (gate.state, gate.why) == (CellState.IN_FLIGHT, "1 in flight, none of them late")
    [_, euros] = gate.money
    assert (euros.in_flight_amount, euros.late_amount) == (Decimal("100.00"), Decimal("0.00"))
    # It is not due, and so not in the score.
    assert germany.score.formula == "(3 × 3/3 orders_posted + 2 × 1/1 payments_applied + 1 × 3/3 sources_heard) / 6"


def test_a_window_that_runs_out_or_a_cutoff_that_comes_makes_it_late(kept: Store) -> None:
    after = NOON + 4 * HOUR
    hear(kept, after)
    order_late = closes(kept, after)["DE01"]
    [at_cutoff] = read_close(kept, BOOK, order_late.period.cutoff_at, NOVEMBER, ["DE01"])

    posted, applied = cell(order_late, "orders_posted"), cell(order_late, "payments_applied")
    assert (posted.late, posted.in_flight) == (1, 0)
    assert (applied.late, applied.in_flight, applied.why) == (0, 1, "1 in flight, none of them late")
    assert [(one.late, one.in_flight) for one in at_cutoff.cells if one.open and one.gate.keeps_cases] == [
        (1, 0),
        (1, 0),
    ]


def test_the_score_is_the_weighted_share_of_cases_cleared(kept: Store) -> None:
    found = closes(kept, SOON, AT_ONCE)

    germany = found["DE01"]
    assert germany.state is CellState.BLOCKED
    assert germany.score.formula == "(3 × 3/4 orders_posted + 2 × 1/2 payments_applied + 1 × 3/3 sources_heard) / 6"
    assert germany.score.value == pytest.approx((3 * 0.75 + 2 * 0.5 + 1) / 6)
    assert found["FR01"].state is CellState.READY
    assert found["FR01"].score.value == 1.0


def test_a_gate_without_cases_is_nothing_to_do(kept: Store) -> None:
    gate = cell(closes(kept, SOON)["DE01"], "orders_invoiced")

    assert (gate.state, gate.cases, gate.share) == (CellState.NOTHING_TO_DO, 0, None)


def test_money_of_what_is_open_is_told_and_the_unknown_amounts_are_counted(kept: Store) -> None:
    gate = cell(closes(kept, SOON)["DE01"], "orders_posted")

    assert gate.money == (
        GateMoney(None, None, Decimal(0), 1, 0),
        GateMoney("EUR", Decimal("300.00"), Decimal("100.00"), 0, 0, in_flight_amount=Decimal("100.00")),
    )
    assert gate.oldest_open_at == NOON


def test_what_a_silent_source_would_tell_is_unknown_and_so_is_the_score(kept: Store) -> None:
    """The ERP is silent after an hour without a word; the CRM, which only begins cases, is heard."""
    at = SOON + 2 * HOUR
    keep(kept, [event_row("beat", "heartbeat", [], occurred_at=at)], at)
    hear(kept, at)

    germany = closes(kept, at, AT_ONCE)["DE01"]

    gate = cell(germany, "orders_posted")
    assert (gate.state, gate.why) == (
        CellState.UNKNOWN,
        "nobody tells of order.posted: erp has been silent since 2026-11-10T15:00:00Z",
    )
    assert cell(germany, "payments_applied").state is CellState.BLOCKED
    assert cell(germany, "sources_heard").why == "erp has said nothing since 2026-11-10T14:00:00Z"
    assert germany.score.value is None
    # Of 12 weights 9 are unknown: posted, invoiced, visible and exceptions; of three sources one is silent.
    assert germany.score.at_least == pytest.approx((2 * 0.5 + 2 / 3) / 12)
    assert germany.score.at_most == pytest.approx((2 * 0.5 + 2 / 3 + 9) / 12)
    assert germany.forecast is not None
    assert germany.forecast.share is None


def test_a_source_that_spoke_after_the_cutoff_leaves_a_period_known(kept: Store) -> None:
    after = datetime(2026, 12, 4, tzinfo=UTC)
    beats = [
        event_row(f"late-{source}", "heartbeat", [], source=source, occurred_at=after) for source in ("crm", "erp")
    ]
    keep(kept, beats, after)
    hear(kept, after + 9 * DAY)

    france = closes(kept, after + 9 * DAY)["FR01"]

    assert cell(france, "orders_posted").state is CellState.READY


def test_a_case_of_an_unknown_legal_entity_is_a_row_of_its_own(embedded_store: Store) -> None:
    keep(embedded_store, [order("O-1", "order.approved", entity="")], SOON)

    found = closes(embedded_store, SOON)

    assert list(found) == [""]
    assert found[""].cells[0].open == 1


def test_a_case_belongs_to_the_period_of_its_first_milestone_by_the_clock_of_its_entity(embedded_store: Store) -> None:
    """In Berlin the first of December begins at 23:00 in UTC."""
    last, first = datetime(2026, 11, 30, 22, 59, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)
    keep(embedded_store, [order("O-1", "order.approved", last), order("O-2", "order.approved", first)], first + DAY)

    november = closes(embedded_store, first + DAY)["DE01"]
    [december] = read_close(embedded_store, BOOK, first + DAY, "2026-12")

    assert [close.cells[0].cases for close in (november, december)] == [1, 1]


def test_a_late_event_changes_what_was(embedded_store: Store) -> None:
    keep(embedded_store, [order("O-1", "order.approved")], SOON)
    before = closes(embedded_store, SOON)["DE01"].cells[0]
    late = order("O-1", "order.posted", NOON + HOUR)
    keep(embedded_store, [msgspec.structs.replace(late, received_us=to_micros(SOON + DAY))], SOON + DAY)

    after = closes(embedded_store, SOON + DAY)["DE01"].cells[0]

    assert [(one.cases, one.cleared) for one in (before, after)] == [(1, 0), (1, 1)]
    assert before.digest != after.digest


def test_nothing_is_counted_where_every_gate_has_nothing_to_do() -> None:
    score = score_of([])

    assert (score.value, score.formula) == (None, "no gate has anything to do")


def test_a_gate_whose_cases_nobody_has_looked_for_yet_is_unknown_and_not_without_any(embedded_store: Store) -> None:
    """So it stands between the start with a gate that is new, or defined anew, and the first keeping of it."""
    [orders, *others] = BOOK.gates
    before = replace(BOOK, definition=replace(BOOK.definition, gates=tuple(others)))
    paid = event_row("p", "payment.received", ["payment/P-1"], source="payments", occurred_at=NOON, legal_entity="DE01")
    applied = event_row("q", "payment.applied", ["payment/P-1"], source="payments", occurred_at=NOON + HOUR)
    keep(embedded_store, [paid, applied], SOON, before)

    found = cell(closes(embedded_store)["DE01"], orders.id)
    assert (found.state, found.why) == (CellState.UNKNOWN, "its cases are not counted yet")
    assert closes(embedded_store)["DE01"].score.value is None

    keep(embedded_store, [], SOON + HOUR)
    assert cell(closes(embedded_store)["DE01"], orders.id).state is CellState.NOTHING_TO_DO
    assert closes(embedded_store)["DE01"].score.value == 1


def test_a_sum_that_is_too_large_to_be_exact_is_unknown_and_not_another(embedded_store: Store) -> None:
    large = "99999999999999999999999999999"
    approved = [order(f"O-{number}", "order.approved", NOON + number * HOUR, amount=large) for number in range(3)]
    keep(embedded_store, [*approved[:1], order("O-9", "order.approved", amount=large), *approved[1:]], SOON + 3 * HOUR)
    keep(embedded_store, [], SOON + 4 * HOUR)

    [money] = cell(closes(embedded_store, SOON + 4 * HOUR)["DE01"], "orders_posted").money

    assert (money.amount, money.open_amount, money.unknown) == (None, None, 0)
    # Of two that are late and one in flight, the one is known and the others are not.
    assert (money.in_flight_amount, money.late_amount) == (Decimal(0), None)


def test_what_is_in_flight_is_unknown_where_it_is_too_large_or_states_no_amount(embedded_store: Store) -> None:
    large = "99999999999999999999999999999"
    events = [order(f"O-{number}", "order.approved", SOON, amount=large) for number in range(3)]
    nobody_knows = msgspec.structs.replace(
        order("O-4", "order.approved", SOON), amount=None, currency="", legal_entity="FR01"
    )
    keep(embedded_store, [*events, nobody_knows], SOON + HOUR)

    found = closes(embedded_store, SOON + HOUR)
    [german] = cell(found["DE01"], "orders_posted").money
    [french] = cell(found["FR01"], "orders_posted").money

    assert (german.open_amount, german.in_flight_amount, german.late_amount) == (None, None, Decimal(0))
    assert (french.open_amount, french.in_flight_amount, french.late_amount) == (None, None, Decimal(0))
    assert (french.in_flight_unknown, french.late_unknown) == (1, 0)


def test_an_exception_is_open_until_its_alert_ends_and_gone_where_it_was_wrong(embedded_store: Store) -> None:
    """Each tick reads only what was recorded since the one before."""
    labels = {"legal_entity": "DE01"}
    late, wrong, other = (
        alert("InvoicedOtherThanOrdered", f"order/O-{number}", started_at=NOON, labels=labels) for number in range(3)
    )

    def told(*alerts: Alert, at: datetime) -> tuple[int, int]:
        version = to_micros(at) * VERSIONS_PER_MICROSECOND
        write_transitions(embedded_store, [replace(one, recorded_at=at, version=version) for one in alerts])
        write_watermark(embedded_store, ENGINE, Watermark(at, "1"), at)
        keep(embedded_store, [], at)
        gate = cell(closes(embedded_store, at)["DE01"], "exceptions_cleared")
        return gate.cases, gate.cleared

    assert told(late, wrong, at=NOON + HOUR) == (2, 0)
    assert told(other, at=NOON + 2 * HOUR) == (3, 0)
    ended = replace(late, state=AlertState.RESOLVED, resolved_at=NOON + 3 * HOUR, changed_at=NOON + 3 * HOUR)
    assert told(ended, at=NOON + 3 * HOUR) == (3, 1)
    assert told(replace(wrong, state=AlertState.RETRACTED), at=NOON + 4 * HOUR) == (2, 1)
    assert told(at=NOON + 5 * HOUR) == (2, 1)
