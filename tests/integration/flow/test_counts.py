"""Counts of handoffs: worked out by hand, and held against a plain reading of whatever arrives, however it arrives."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.flow import Handoff, HandoffCount, lower_bound, told_duration
from domain.instants import to_micros
from kpis.flow_keeper import flow_kept_through, keep_flow
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.flow import ALL_FLOW, FlowFilter, handoff_objects, handoffs, keep_counts, standing
from storage.fx_rates import Rate, write_rates
from storage.kpi_cases import Pricing
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.flow.plain_reading import count_handoffs, read_ways

HOUR = timedelta(hours=1)
SINCE, UNTIL = NOW - timedelta(days=3), NOW + HOUR
EURO = Pricing("EUR", 7)


def step(id_: str, type_: str, order: str, hours: float, **facts: str) -> EventRow:
    """Something that an order reached so many hours after the tests' noon, minus two days."""
    at = NOW - timedelta(days=2) + hours * HOUR
    given: dict[str, str] = {"amount": "10.00", "currency": "EUR", "legal_entity": "DE01", "region": "EMEA", **facts}
    return event_row(id_, type_, [f"order/{order}"], occurred_at=at, **given)  # type: ignore[arg-type]


def late(event: EventRow) -> EventRow:
    """The event as it comes after all others."""
    event.received_us = to_micros(NOW + HOUR)
    return event


ORDERS = [
    # Straight on: one hour, then two.
    step("1", "order.approved", "O-1", 0),
    step("2", "order.posted", "O-1", 1),
    step("3", "order.fulfilled", "O-1", 3),
    # The same in three hours, then one; of another entity.
    step("4", "order.approved", "O-2", 0, legal_entity="US01"),
    step("5", "order.posted", "O-2", 3, legal_entity="US01"),
    step("6", "order.fulfilled", "O-2", 4, legal_entity="US01"),
    # Posted twice, back to approval, posted again, and there it stands.
    step("7", "order.approved", "O-3", 0),
    step("8", "order.posted", "O-3", 1),
    step("9", "order.posted", "O-3", 2),
    step("10", "order.approved", "O-3", 5),
    step("11", "order.posted", "O-3", 6, amount="99.50"),
    # Fulfilled without having been posted.
    step("12", "order.approved", "O-4", 0, currency="USD"),
    step("13", "order.fulfilled", "O-4", 10, currency="USD"),
]


def in_order(found: list[HandoffCount]) -> dict[str, tuple[int, int, int]]:
    return {str(one.handoff): (one.steps, one.objects, one.repeated) for one in found}


def test_handoffs_are_counted_as_worked_out_by_hand(store: Store) -> None:
    insert_events(store, ORDERS)

    keep_flow(store, NOW)

    found = handoffs(store, SINCE, UNTIL)
    assert in_order(found) == {
        " → order.approved": (4, 4, 0),
        "order.approved → order.fulfilled": (1, 1, 0),
        "order.approved → order.posted": (4, 3, 1),
        "order.posted → order.approved": (1, 1, 1),
        "order.posted → order.fulfilled": (2, 2, 0),
        "order.posted → order.posted": (1, 1, 1),
    }
    [posted] = [one for one in found if str(one.handoff) == "order.approved → order.posted"]
    assert posted.median is not None
    assert posted.p90 is not None
    assert posted.median / HOUR == pytest.approx(1, rel=0.02)
    assert posted.p90 / HOUR == pytest.approx(3, rel=0.02)


def test_where_objects_stand_is_told_with_their_money(store: Store) -> None:
    insert_events(store, [*ORDERS, event_row("14", "order.approved", ["order/O-5"], occurred_at=NOW - HOUR)])
    write_rates(store, [Rate("USD", NOW.date(), Decimal("0.5"))], NOW)

    keep_flow(store, NOW)

    found = {one.at_type: one for one in standing(store, NOW.date(), EURO)}
    assert found.keys() == {"order.approved", "order.posted", "order.fulfilled"}
    assert (found["order.posted"].objects, found["order.posted"].money.total) == (1, Decimal("99.5"))
    assert (found["order.fulfilled"].objects, found["order.fulfilled"].money.total) == (3, Decimal("25"))
    unknown = found["order.approved"]
    assert (unknown.objects, unknown.money.total, unknown.money.unconverted) == (1, None, 1)


def test_counts_are_limited_to_types_entities_regions_and_hours(store: Store) -> None:
    insert_events(store, [*ORDERS, event_row("q", "quote.approved", ["quote/Q-1"], occurred_at=NOW - HOUR)])
    keep_flow(store, NOW)

    def total(since: datetime = SINCE, until: datetime = UNTIL, **which: tuple[str, ...]) -> int:
        return sum(one.steps for one in handoffs(store, since, until, FlowFilter(**which)))

    assert total() == 14
    assert total(object_types=("quote",)) == 1
    assert total(entities=("US01",)) == 3
    assert total(regions=("AMER",)) == 0
    noon = NOW - timedelta(days=2)
    assert total(noon + HOUR, noon + 2 * HOUR) == 2
    assert total(noon + 3 * HOUR, noon + 3 * HOUR + timedelta(minutes=59)) == 0


def test_a_late_event_parts_a_handoff_in_two(store: Store) -> None:
    insert_events(store, [step("1", "order.approved", "O-1", 0), step("3", "order.fulfilled", "O-1", 3)])
    keep_flow(store, NOW)
    assert "order.approved → order.fulfilled" in in_order(handoffs(store, SINCE, UNTIL))

    late = event_row(
        "2", "order.posted", ["order/O-1"], occurred_at=NOW - timedelta(days=2) + HOUR, received_at=NOW + HOUR
    )
    insert_events(store, [late])
    assert keep_flow(store, NOW + HOUR)

    assert in_order(handoffs(store, SINCE, UNTIL)) == {
        " → order.approved": (1, 1, 0),
        "order.approved → order.posted": (1, 1, 0),
        "order.posted → order.fulfilled": (1, 1, 0),
    }


def test_a_tick_without_news_changes_nothing_and_says_so(store: Store) -> None:
    insert_events(store, ORDERS)
    assert keep_flow(store, NOW)
    before = handoffs(store, SINCE, UNTIL)

    assert not keep_flow(store, NOW + HOUR)
    assert not keep_flow(store, NOW)

    assert handoffs(store, SINCE, UNTIL) == before
    assert flow_kept_through(store) == NOW + HOUR


def test_customers_have_no_way_of_their_own(store: Store) -> None:
    insert_events(store, [event_row("1", "order.approved", ["order/O-1", "customer/C-9/buyer"], occurred_at=NOW)])

    keep_flow(store, NOW)

    assert [one.handoff for one in handoffs(store, SINCE, UNTIL)] == [Handoff("order", "", "order.approved")]


def test_the_objects_of_a_handoff_are_paged_the_longest_first(store: Store) -> None:
    insert_events(store, ORDERS)
    handoff = Handoff("order", "order.approved", "order.posted")

    def page(limit: int, offset: int = 0, which: FlowFilter = ALL_FLOW) -> tuple[list[tuple[str, float]], int]:
        found, total = handoff_objects(
            store, handoff, SINCE, UNTIL, NOW, which, is_waiting=False, limit=limit, offset=offset
        )
        return [(one.object_id, one.took / HOUR) for one in found], total

    assert page(2) == ([("O-2", 3.0), ("O-1", 1.0)], 4)
    assert page(2, 2) == ([("O-3", 1.0), ("O-3", 1.0)], 4)
    assert page(5, 0, FlowFilter(entities=("US01",))) == ([("O-2", 3.0)], 1)
    assert page(5, 0, FlowFilter(regions=("AMER",))) == ([], 0)


def test_the_objects_that_wait_say_how_long(store: Store) -> None:
    insert_events(store, ORDERS)
    handoff = Handoff("order", "order.posted", "order.fulfilled")

    found, total = handoff_objects(store, handoff, SINCE, UNTIL, NOW, ALL_FLOW, is_waiting=True, limit=5)

    assert total == 1
    assert (found[0].object_id, found[0].to_at, found[0].took) == ("O-3", None, timedelta(hours=42))
    assert (found[0].amount, found[0].currency) == (Decimal("99.5"), "EUR")


@pytest.mark.parametrize("named", [1, 1000], ids=["many", "few"])
def test_of_an_event_that_is_there_twice_the_form_that_came_first_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    monkeypatch.setattr("storage.flow._MANY_REPEATED", named)
    insert_events(store, ORDERS)
    again = [
        # Another instant, and another milestone, past another door.
        late(step("5", "order.posted", "O-2", 7)),
        late(step("9", "order.fulfilled", "O-3", 9)),
    ]
    insert_events(store, again)
    handoff = Handoff("order", "order.approved", "order.posted")

    found, total = handoff_objects(store, handoff, SINCE, UNTIL, NOW, ALL_FLOW, is_waiting=False, limit=9)
    assert ([(one.object_id, one.took / HOUR) for one in found], total) == (
        [("O-2", 3.0), ("O-1", 1.0), ("O-3", 1.0), ("O-3", 1.0)],
        4,
    )
    waiting = Handoff("order", "order.posted", "order.fulfilled")
    found, total = handoff_objects(store, waiting, SINCE, UNTIL, NOW, ALL_FLOW, is_waiting=True, limit=9)
    assert [(one.object_id, one.took / HOUR) for one in found] == [("O-3", 42.0)]


def test_an_object_without_amount_and_entity_waits_with_both_unknown(store: Store) -> None:
    insert_events(store, [event_row("1", "order.approved", ["order/O-9"], occurred_at=NOW - HOUR)])
    handoff = Handoff("order", "order.approved", "order.posted")

    [found], _ = handoff_objects(store, handoff, SINCE, UNTIL, NOW, ALL_FLOW, is_waiting=True, limit=5)

    assert (found.amount, found.currency, found.legal_entity, found.region) == (None, "", "", "")


BEGIN = datetime(2026, 11, 2, tzinfo=UTC)
FACTS = st.tuples(
    st.sampled_from(["order.approved", "order.posted", "order.fulfilled", "invoice.issued"]),
    st.sets(st.sampled_from(["order/O-1", "order/O-2", "invoice/I-1", "customer/C-1"]), min_size=1, max_size=3).map(
        sorted
    ),
    st.integers(0, 60),
    st.sampled_from(["", "DE01", "US01"]),
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[EventRow]:
    """Events, some of them several times, each received within five hours."""
    facts = draw(st.lists(FACTS, max_size=10))
    found = []
    for number in draw(st.lists(st.integers(0, max(len(facts) - 1, 0)), max_size=14)) if facts else []:
        type_, objects, hours, entity = facts[number]
        found.append(
            event_row(
                f"e-{number}",
                type_,
                objects,
                occurred_at=BEGIN + (hours - 48) * HOUR,
                received_at=BEGIN + draw(st.integers(0, 5)) * HOUR,
                legal_entity=entity,
            )
        )
    return found


@pytest.fixture
def emptied(engine: Engine, embedded_store: Store) -> Callable[[], Store]:
    """Gives the store as if nothing had come yet: each generated example starts so."""

    def empty() -> Store:
        engine.clear(embedded_store.database)
        return embedded_store

    return empty


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=deliveries(), ticks=st.lists(st.integers(0, 6), max_size=4), data=st.data())
def test_counts_are_those_of_a_plain_reading_whatever_arrives_when(
    emptied: Callable[[], Store], events: list[EventRow], ticks: list[int], data: st.DataObject
) -> None:
    """Late, twice, in any order, in any number of ticks, with ticks that are cut off after they wrote."""
    store, begin = emptied(), BEGIN
    insert_events(store, events)
    # Again as it was, and merged or not.
    insert_events(store, events[: len(events) // 2])
    after: datetime | None = None
    for through in [begin + hours * HOUR for hours in [*sorted(set(ticks)), 7]]:
        if after is None or through > after:
            touched = after is not None and data.draw(st.booleans())
            for _ in range(data.draw(st.integers(1, 2))):
                keep_counts(store, after, through, touched=touched)
            after = through
    since = begin - data.draw(st.integers(1, 60)) * HOUR
    until = since + data.draw(st.integers(1, 60)) * HOUR

    ways = read_ways(events, begin + 7 * HOUR)
    assert handoffs(store, since, until) == count_handoffs(ways, since, until)
    of_one = FlowFilter(entities=("DE01",))
    assert handoffs(store, since, until, of_one) == count_handoffs(ways, since, until, "DE01")
    stand: dict[tuple[str, str], int] = {}
    for (object_type, _), way in ways.items():
        stand[object_type, way[-1].type] = stand.get((object_type, way[-1].type), 0) + 1
    found = {(one.object_type, one.at_type): one.objects for one in standing(store, until.date(), EURO)}
    assert found == stand


@given(length=st.timedeltas(timedelta(milliseconds=1), timedelta(days=3650)))
def test_a_duration_is_told_within_two_hundredths(length: timedelta) -> None:
    told = told_duration(lower_bound(length))

    assert told is not None
    assert abs(told - length) <= 0.0201 * length + timedelta(microseconds=2)
