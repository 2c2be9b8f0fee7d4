"""SLA attainment counts the same duties as met and as broken as the engine's verdicts do."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.kpi import Dimension, JudgedRule
from domain.rule import MilestoneRule, Pairing, Pause
from domain.source_silence import UnknownTimes
from kpis.keeper import KpiKeeper
from rules.clock_counting import counts_at
from rules.compiler import compile_condition
from rules.engine import Engine as RuleEngine
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.kpi_cases import ALL_CASES, case_rows
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL, by, figure

BASE = KPIS["sla_attainment"]
PLAIN = MilestoneRule(
    group="g",
    name="OrderNotPosted",
    version="1",
    object_type="order",
    from_type="order.approved",
    to_type="order.posted",
    within=4 * HOUR,
    unless=("order.cancelled",),
    labels={"handoff": "order_to_erp"},
)
LARGE = "amount >= 10"
RULES = {
    "the first start alone": PLAIN,
    "every start": replace(PLAIN, pairing=Pairing.EACH),
    "every start with its own end": replace(PLAIN, pairing=Pairing.ONE_TO_ONE),
    "a condition": replace(PLAIN, where=LARGE),
    "clocks that disagree": replace(PLAIN, skew=timedelta(minutes=90), pairing=Pairing.EACH),
    "a pause": replace(PLAIN, pause=Pause("credit.hold_applied", "credit.hold_released")),
}


def judged(rule: MilestoneRule) -> JudgedRule:
    return JudgedRule(rule, compile_condition(rule.where).sql if rule.where else "")


def keep(store: Store, rules: list[MilestoneRule], *ticks: timedelta) -> None:
    kpi = BASE.with_rules(tuple(judged(rule) for rule in rules))
    for tick in ticks:
        RuleEngine(store, rules).tick(NOW + tick)
        KpiKeeper(store, {kpi.id: kpi}, SETTINGS).tick(NOW + tick)


def happened(number: int, type_: str, object_: str, hours: float, legal_entity: str = "") -> EventRow:
    at = NOW + hours * HOUR
    return event_row(f"{type_}-{number}", type_, [object_], occurred_at=at, received_at=at, legal_entity=legal_entity)


def test_the_share_is_of_duties_that_were_met_or_broken_and_shows_the_open_beside(embedded_store: Store) -> None:
    events = [happened(number, "order.approved", f"order/O-{number}", 0, legal_entity="DE01") for number in range(5)]
    ends = [
        happened(0, "order.posted", "order/O-0", 1),
        # Exactly at the deadline is in time.
        happened(1, "order.posted", "order/O-1", 4),
        happened(2, "order.posted", "order/O-2", 4.1),
        happened(3, "order.cancelled", "order/O-3", 1),
        happened(5, "order.approved", "order/O-5", 6, legal_entity="DE01"),
    ]
    insert_events(embedded_store, [*events, *ends])
    keep(embedded_store, [PLAIN], 2 * HOUR, 8 * HOUR)
    kpi = BASE.with_rules((judged(PLAIN),))

    found = figure(embedded_store, kpi, until=NOW + 8 * HOUR)

    # Two in time; one late and one that never came; one is open, and one was called off.
    assert (found.value, found.closed.cases, found.open.cases) == (Decimal("0.5"), 4, 1)
    assert by(embedded_store, kpi, Dimension.HANDOFF) == {"order_to_erp": Decimal("0.5")}
    assert by(embedded_store, kpi, Dimension.LEGAL_ENTITY) == {"DE01": Decimal("0.5")}


def test_each_rule_has_a_figure_of_its_own(embedded_store: Store) -> None:
    other = replace(PLAIN, name="OrderNotFulfilled", from_type="order.posted", to_type="order.fulfilled", unless=())
    insert_events(
        embedded_store,
        [
            happened(1, "order.approved", "order/O-1", 0),
            happened(1, "order.posted", "order/O-1", 1),
            happened(1, "order.fulfilled", "order/O-1", 9),
        ],
    )
    keep(embedded_store, [PLAIN, other], DAY)
    kpi = BASE.with_rules((judged(PLAIN), judged(other)))

    assert by(embedded_store, kpi, Dimension.RULE) == {"OrderNotPosted": Decimal(1), "OrderNotFulfilled": Decimal(0)}


def test_only_rules_that_decide_otherwise_which_duties_there_are_make_another_definition() -> None:
    before = BASE.with_rules((judged(PLAIN),))

    assert BASE.with_rules((judged(replace(PLAIN, within=HOUR, version="2")),)).version == before.version
    assert BASE.with_rules((judged(replace(PLAIN, to_type="order.fulfilled")),)).version != before.version
    assert KPIS["booked"].with_rules((judged(PLAIN),)) == KPIS["booked"]


HOURS = st.integers(min_value=0, max_value=24).map(lambda half: half * HOUR / 2)


@st.composite
def histories(draw: st.DrawFn) -> list[EventRow]:
    """Events of two orders; some arrive late, some twice."""
    types = [
        *["order.approved", "order.posted"] * 2, "order.cancelled", "credit.hold_applied", "credit.hold_released",
    ]  # fmt: skip
    rows = []
    for number in range(draw(st.integers(min_value=1, max_value=9))):
        occurred_at = NOW + draw(HOURS)
        rows.append(
            event_row(
                f"e-{number}",
                draw(st.sampled_from(types)),
                [draw(st.sampled_from(["order/O-1", "order/O-2"]))],
                occurred_at=occurred_at,
                received_at=occurred_at + draw(st.sampled_from([0, 0, 1, 9])) * HOUR,
                amount=draw(st.sampled_from([None, "5", "15"])),
                currency="EUR",
            )
        )
    again = [msgspec.structs.replace(row, received_us=row.received_us + 1) for row in rows if draw(st.booleans())]
    return [*rows, *again]


def test_a_duty_that_was_met_by_a_clock_running_behind_counts_when_it_was_met(embedded_store: Store) -> None:
    """Also in a figure that ends before the duty began, as the sums of whole days and the list of cases have it."""
    rule = RULES["clocks that disagree"]
    insert_events(
        embedded_store,
        [happened(1, "order.approved", "order/O-1", 1), happened(1, "order.posted", "order/O-1", 0)],
    )
    keep(embedded_store, [rule], 8 * HOUR)
    kpi = BASE.with_rules((judged(rule),))

    found = figure(embedded_store, kpi, until=NOW + 0.5 * HOUR)

    assert (found.value, found.closed.cases, found.open.cases) == (Decimal(1), 1, 0)
    earlier = figure(embedded_store, kpi, until=NOW)
    assert (earlier.value, earlier.closed.cases, earlier.open.cases) == (None, 0, 0)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(events=histories(), ticks=st.lists(HOURS, max_size=3))
def test_the_verdicts_are_the_engines_however_ticks_fall(
    engine: Engine, migrated_database: str, rule: MilestoneRule, events: list[EventRow], ticks: list[timedelta]
) -> None:
    engine.clear(migrated_database)
    end = 3 * DAY
    with Store(engine.dsn(migrated_database)) as store:
        insert_events(store, events)
        keep(store, [rule], *sorted({2 * tick for tick in ticks}), end)
        kpi = BASE.with_rules((judged(rule),))
        rows, _ = case_rows(store, kpi, SINCE, UNTIL, ALL_CASES, is_open=False, limit=1000)
        counted = counts_at(store, rule, NOW + end, None, UnknownTimes())

    assert sum(row.value == 1 for row in rows) == sum(one.good for one in counted)
    assert sum(row.value == 0 for row in rows) == sum(one.bad for one in counted)


def test_of_two_duties_that_begin_at_one_microsecond_each_has_its_own_verdict(embedded_store: Store) -> None:
    rule = RULES["every start with its own end"]
    starts = [happened(number, "order.approved", "order/O-1", 0) for number in range(2)]
    insert_events(embedded_store, [*starts, happened(1, "order.posted", "order/O-1", 1)])
    keep(embedded_store, [rule], 2 * HOUR, 8 * HOUR)
    kpi = BASE.with_rules((judged(rule),))

    found = figure(embedded_store, kpi, until=NOW + 8 * HOUR)

    assert (found.closed.cases, found.value) == (2, Decimal("0.5"))
