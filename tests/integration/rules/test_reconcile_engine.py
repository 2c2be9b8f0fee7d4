"""Rules on two sides, and on who may state what, over stored events, against a plain reading."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.authority_rule import AuthorityRule
from domain.business_object import BusinessObject
from domain.instants import LATEST, to_micros
from domain.reconcile_rule import ReconcileRule, Side
from domain.rule import ObjectRule
from rules.alert_state import alerts_at, transitions
from rules.engine import Engine as RulesEngine
from rules.evaluator import evaluate
from storage.alerts import alert_from_row
from storage.client import Store
from storage.events import insert_events
from tests.engine import Engine
from tests.integration.rules.arrivals import EUROPEAN, Log, logs
from tests.integration.rules.test_engine_properties import GAPS, stored_once
from tests.unit.rules.histories import LARGE, MINUTE, START
from tests.unit.rules.reference import TICK
from tests.unit.rules.sides import rule as reconcile
from tests.unit.rules.test_authority import rule as authority

END = START + timedelta(minutes=90)
INSTANTS = st.integers(0, 60 * 12).map(lambda ticks: START + ticks * TICK)
_MINUTES = st.integers(0, 12).map(lambda count: count * MINUTE)
_RULES: st.SearchStrategy[ReconcileRule | AuthorityRule] = st.one_of(
    st.builds(
        reconcile,
        on=st.sampled_from([("amount",), ("amount", "presence")]),
        less=st.sampled_from([(), ("held",)]),
        absolute=st.sampled_from([Decimal(1), Decimal(20000)]),
        relative=st.sampled_from([Fraction(0), Fraction(1, 2)]),
        settle=_MINUTES,
        where=st.sampled_from([None, LARGE, EUROPEAN]),
        unless=st.sampled_from([(), ("cancelled",)]),
    ),
    st.builds(
        reconcile,
        sums=st.just(False),
        left=st.just(Side(("approved", "noted"), "a")),
        right=st.just(Side(("approved", "posted"), "b")),
        on=st.sampled_from([("amount", "region"), ("attributes.tier", "legal_entity"), ("currency",), ("presence",)]),
        settle=_MINUTES,
        unless=st.sampled_from([(), ("cancelled",)]),
    ),
    st.builds(
        authority,
        owners=st.sampled_from([{"posted": ("a",)}, {"posted": ("b",), "approved": ("a",)}]),
        field=st.sampled_from([None, "attributes.tier", "region", "amount"]),
        where=st.sampled_from([None, EUROPEAN]),
    ),
)
RULE_SETS = st.lists(_RULES, min_size=1, max_size=3).map(
    lambda drawn: [replace(rule, name=f"Rule{number}") for number, rule in enumerate(drawn)]
)


def plain_reading(log: Log, rules: Sequence[ObjectRule], at: datetime, known_at: datetime) -> list[Alert]:
    return [
        alert
        for object_id in log.by_object
        for rule in rules
        for alert in alerts_at(rule, BusinessObject("order", object_id), log.known(object_id, known_at), at)
    ]


def by_id(alerts: Sequence[Alert]) -> dict[str, tuple[object, ...]]:
    """What is compared of alerts: all but what the runs of other objects add."""
    return {
        a.alert_id: (a.name, a.state, a.fired_at, a.resolved_at, a.amount, a.currency, a.reason, a.labels)
        for a in alerts
    }


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), RULE_SETS, INSTANTS, st.none() | INSTANTS, st.randoms(use_true_random=False))
def test_a_question_is_answered_by_what_events_state_themselves(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    rules: list[ObjectRule],
    at: datetime,
    known_at: datetime | None,
    shuffler: random.Random,
) -> None:
    engine.clear(embedded_store.database)
    rows = [arrival.row() for arrival in log.arrivals]
    shuffler.shuffle(rows)
    insert_events(embedded_store, rows)

    found = evaluate(embedded_store, rules, at, known_at)

    assert by_id(found) == by_id(plain_reading(log, rules, at, known_at or LATEST))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), RULE_SETS, GAPS, st.randoms(use_true_random=False))
def test_any_schedule_of_ticks_stores_the_same_changes(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    rules: list[ObjectRule],
    gaps: list[timedelta],
    chance: random.Random,
) -> None:
    engine.clear(embedded_store.database)
    waiting = [arrival.row() for arrival in log.arrivals]
    chance.shuffle(waiting)
    through = START
    for gap in [*gaps, END - START]:
        through = min(through + gap, END)
        arrived = [row for row in waiting if row.received_us <= to_micros(through)]
        waiting = [row for row in waiting if row not in arrived]
        if arrived:
            insert_events(embedded_store, arrived)
        RulesEngine(embedded_store, rules).tick(through)

    stored = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alert_transitions FINAL")]
    types = frozenset().union(*(rule.event_types for rule in rules))
    simulated: list[Alert] = []
    for object_id in log.by_object:
        history = [milestone for milestone in log.as_received(object_id) if milestone.type in types]
        for rule in rules:
            simulated += transitions(rule, BusinessObject("order", object_id), history, None, END)
    assert stored_once(stored) == stored_once(simulated)
