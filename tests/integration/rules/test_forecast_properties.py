"""Forecasts over generated histories: what is learnt, and what the tick, evaluate and a replay make of it."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.forecast_rule import ForecastRule
from domain.instants import LATEST, to_micros
from rules.alert_state import alerts_at, transitions
from rules.evaluator import evaluate
from rules.forecast_learning import informed_for, instants_for, learn
from rules.kinds.forecast import grid_before
from rules.replay import By, Span, replay
from storage.alerts import alert_from_row
from storage.client import Store
from storage.events import insert_events
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.rules.arrivals import Log
from tests.integration.rules.forecast_logs import DAY, HOUR, forecast_rules, named, slow_logs
from tests.integration.rules.plain_learning import plain_curves, plain_forecasts
from tests.integration.rules.test_engine_properties import stored_once, tick_until_done
from tests.integration.rules.test_replay import history_of, in_span
from tests.unit.rules.histories import START

END = START + 4 * DAY
SLOW = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
GAPS = st.lists(st.integers(1, 40).map(lambda hours: hours * HOUR), max_size=8)
RULES = st.lists(forecast_rules(), min_size=1, max_size=2).map(named)


def insert(store: Store, log: Log) -> None:
    insert_events(store, [arrival.row() for arrival in log.arrivals])


@SLOW
@given(slow_logs(), RULES, st.integers(0, 4))
def test_what_is_learnt_is_how_long_the_cases_took(
    engine: Engine, embedded_store: Store, log: Log, rules: list[ForecastRule], days: int
) -> None:
    engine.clear(embedded_store.database)
    insert(embedded_store, log)
    at = grid_before(START) + days * DAY

    for rule in rules:
        assert learn(embedded_store, rule, at, at) == plain_curves(log, rule, at, at)
        assert learn(embedded_store, rule, at, LATEST) == plain_curves(log, rule, at, LATEST)


@SLOW
@given(slow_logs(), RULES, GAPS, st.randoms(use_true_random=False))
def test_any_schedule_of_ticks_stores_the_same_forecasts(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    rules: list[ForecastRule],
    gaps: list[timedelta],
    chance: random.Random,
) -> None:
    database = embedded_store.database
    engine.clear(database)
    waiting = [arrival.row() for arrival in log.arrivals]
    chance.shuffle(waiting)
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        for gap in [timedelta(0), *gaps, END - START]:
            through = min(through + gap, END)
            arrived = [row for row in waiting if row.received_us <= to_micros(through) or chance.random() < 0.2]
            waiting = [row for row in waiting if row not in arrived]
            if arrived:
                insert_events(store, arrived)
            tick_until_done(store, rules, through, chance)

    expected = stored_once(
        [alert for rule in rules for alert in _expected(log, rule, _types(rules), instants_for(rule, START, START)[0])]
    )
    _compare(_stored(engine, embedded_store), expected)


def _stored(engine: Engine, store: Store) -> list[Alert]:
    rows = engine.select(store, "SELECT * FROM alert_transitions FINAL")
    return stored_once([alert_from_row(row) for row in rows])


def _expected(log: Log, rule: ForecastRule, types: frozenset[str], first: datetime) -> list[Alert]:
    informed = replace(rule, forecasts=plain_forecasts(log, rule, first))
    return [
        alert
        for object_id in log.by_object
        for alert in transitions(
            informed, _object(object_id), [m for m in log.as_received(object_id) if m.type in types], None, END
        )
    ]


def _object(object_id: str) -> BusinessObject:
    return BusinessObject("order", object_id)


def _types(rules: Sequence[ForecastRule]) -> frozenset[str]:
    return frozenset().union(*(rule.event_types for rule in rules))


@SLOW
@given(slow_logs(), RULES, st.integers(0, 96))
def test_evaluate_tells_what_is_at_risk_by_what_occurred(
    engine: Engine, embedded_store: Store, log: Log, rules: list[ForecastRule], hours: int
) -> None:
    engine.clear(embedded_store.database)
    insert(embedded_store, log)
    at = START + hours * HOUR

    found = evaluate(embedded_store, rules, at)

    expected: list[Alert] = []
    for rule in rules:
        informed = replace(rule, forecasts=plain_forecasts(log, rule, START - 60 * DAY, by_receipt=False))
        for object_id in log.by_object:
            history = [m for m in log.known(object_id, LATEST) if m.type in _types(rules)]
            expected += alerts_at(informed, _object(object_id), history, at)
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert {alert.state for alert in found} <= {AlertState.AT_RISK}


@pytest.mark.parametrize("by", By)
@SLOW
@given(slow_logs(), RULES, st.integers(0, 60), st.integers(1, 60))
def test_a_replay_tells_every_forecast_of_the_span(
    engine: Engine, embedded_store: Store, by: By, log: Log, rules: list[ForecastRule], since: int, hours: int
) -> None:
    engine.clear(embedded_store.database)
    insert(embedded_store, log)
    span = Span(START + since * HOUR, START + (since + hours) * HOUR)
    by_receipt = by is By.RECEIPT
    informed = informed_for(embedded_store, rules, span.since, span.through, by_receipt=by_receipt)

    told = {
        (one.rule.name, one.business_object.id): one.in_full(span.through)
        for one in replay(embedded_store, informed, span, by, lambda done, total: None)
    }

    for rule in rules:
        first = instants_for(rule, span.since, span.since)[0]
        plain = replace(rule, forecasts=plain_forecasts(log, rule, first, by_receipt=by_receipt))
        for object_id in log.by_object:
            history = [m for m in history_of(log, object_id, by) if m.type in _types(rules)]
            expected = transitions(plain, _object(object_id), history, None, span.through)
            _compare(in_span(told.get((rule.name, object_id), []), span), in_span(expected, span))


def _compare(got: Sequence[Alert], expected: Sequence[Alert]) -> None:
    """A difference in words that can be read, before all that an alert has."""
    assert set(map(_brief, got)) ^ set(map(_brief, expected)) == set()
    assert list(got) == list(expected)


def _brief(alert: Alert) -> str:
    return f"{alert.name} {alert.business_object.id} {alert.state} {alert.changed_at} {alert.version} {alert.reason}"
