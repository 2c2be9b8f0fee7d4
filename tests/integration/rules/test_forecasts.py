"""Forecasts by example: what the tick learns and when, what late events change, and what a calibration reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from domain.alert import AlertState
from domain.forecast_rule import EVERYTHING, ForecastRule
from domain.rule import Override, Pairing
from rules.backtest import backtest
from rules.engine import Engine
from rules.evaluator import evaluate
from rules.forecast_calibration import calibrate
from rules.replay import By, Span
from storage.alerts import list_alerts
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.forecasts import learnt_instants, read_curves
from tests.builders import event_row
from tests.integration.rules.forecast_logs import forecast
from tests.unit.rules.histories import PLATINUM, rule

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)
LIKELY = forecast(rule(version="1"), chance=Fraction(4, 5), at_least=30)
# Of 40 cases 30 take an hour and ten take six: one that waits for more than an hour misses four.
TOOK = [HOUR] * 30 + [6 * HOUR] * 10


def case(
    number: int,
    started_at: datetime,
    took: timedelta | None = None,
    late: timedelta = timedelta(0),
    **facts: Any,
) -> list[EventRow]:
    """An order that was approved, and posted if it took any time; its events are received so late."""
    named: dict[str, Any] = {"objects": [f"order/O-{number}"], **facts}
    ends = [("posted", started_at + took)] if took is not None else []
    return [
        event_row(f"{type_}{number}@{at}", type_, occurred_at=at, received_at=at + late, **named)
        for type_, at in [("approved", started_at), *ends]
    ]


def learnt_from(until: datetime) -> list[EventRow]:
    """The cases of the day before an instant."""
    return [row for number, took in enumerate(TOOK) for row in case(number, until - DAY + number * SECOND, took)]


def tick(store: Store, at: datetime, *rules: ForecastRule) -> None:
    """One tick, by an engine that remembers nothing."""
    Engine(store, rules or [LIKELY]).tick(at)


def test_a_tick_learns_at_midnight_and_tells_ahead_of_time(embedded_store: Store) -> None:
    insert_events(embedded_store, [*learnt_from(MIDNIGHT), *case(100, MIDNIGHT + 9 * HOUR)])

    tick(embedded_store, MIDNIGHT + 10 * HOUR - timedelta(microseconds=1))
    assert list_alerts(embedded_store) == []
    tick(embedded_store, MIDNIGHT + 10 * HOUR)
    (alert,) = list_alerts(embedded_store)

    assert (alert.name, alert.state, alert.changed_at) == (LIKELY.name, AlertState.AT_RISK, MIDNIGHT + 10 * HOUR)
    assert alert.deadline_at == MIDNIGHT + 13 * HOUR
    curve = read_curves(embedded_store, LIKELY.name, LIKELY.version, MIDNIGHT)[EVERYTHING]
    assert (curve.cases, curve.completed, curve.survival) == (40, 40, (0.25, 0.0))
    tick(embedded_store, MIDNIGHT + 13 * HOUR)
    assert [alert.state for alert in list_alerts(embedded_store)] == [AlertState.RESOLVED]


def test_what_was_learnt_is_learnt_once_whatever_arrives_later(embedded_store: Store) -> None:
    insert_events(embedded_store, learnt_from(MIDNIGHT))
    tick(embedded_store, MIDNIGHT + HOUR)
    before = read_curves(embedded_store, LIKELY.name, LIKELY.version, MIDNIGHT)

    insert_events(embedded_store, case(200, MIDNIGHT - DAY, HOUR, late=36 * HOUR))
    tick(embedded_store, MIDNIGHT + 2 * DAY + HOUR)

    assert read_curves(embedded_store, LIKELY.name, LIKELY.version, MIDNIGHT) == before
    instants = learnt_instants(embedded_store)[LIKELY.name, LIKELY.version]
    # Clocks that began four hours before the first tick were judged by the midnight before, too.
    assert sorted(instants) == [MIDNIGHT + day * DAY for day in (-1, 0, 1, 2)]
    last = read_curves(embedded_store, LIKELY.name, LIKELY.version, MIDNIGHT + 2 * DAY)[EVERYTHING]
    assert last.cases == 41


def test_too_few_cases_are_kept_as_such_and_tell_nothing(embedded_store: Store) -> None:
    insert_events(embedded_store, [*case(1, MIDNIGHT - DAY, HOUR), *case(100, MIDNIGHT + HOUR)])

    tick(embedded_store, MIDNIGHT + 4 * HOUR)

    assert list_alerts(embedded_store) == []
    assert read_curves(embedded_store, LIKELY.name, LIKELY.version, MIDNIGHT)[EVERYTHING].completed == 1
    assert learnt_instants(embedded_store)[LIKELY.name, LIKELY.version][MIDNIGHT] is None


def test_a_segment_has_its_own_curve_once_it_has_enough_cases(embedded_store: Store) -> None:
    rows = [
        row
        for number, took in enumerate([*TOOK, *[2 * HOUR] * 5])
        for row in case(number, MIDNIGHT - DAY + number * SECOND, took, region="EMEA" if number < 40 else "APAC")
    ]
    insert_events(embedded_store, rows)
    likely = replace(LIKELY, segment=("region",))

    tick(embedded_store, MIDNIGHT + HOUR, likely)

    curves = read_curves(embedded_store, likely.name, likely.version, MIDNIGHT)
    assert {segment: curve.cases for segment, curve in curves.items()} == {(): 45, ("EMEA",): 40}


def test_the_live_tick_evaluate_and_a_backtest_tell_the_same(embedded_store: Store) -> None:
    running = [*case(100, MIDNIGHT + 9 * HOUR), *case(101, MIDNIGHT + 9 * HOUR, 3 * HOUR)]
    insert_events(embedded_store, [*learnt_from(MIDNIGHT), *running])
    tick(embedded_store, MIDNIGHT + 11 * HOUR)
    live = {alert.business_object.id: (alert.changed_at, alert.reason) for alert in list_alerts(embedded_store)}

    found = evaluate(embedded_store, [LIKELY], MIDNIGHT + 11 * HOUR)
    report = backtest(
        embedded_store, [LIKELY], Span(MIDNIGHT, MIDNIGHT + DAY), By.RECEIPT, lambda done, total: None
    ).outcomes[LIKELY.name, LIKELY.version]

    assert len(live) == 2
    assert {alert.business_object.id: (alert.changed_at, alert.reason) for alert in found} == live
    assert (report.started, report.at_risk, report.averted, report.early) == (2, 2, 1, [3 * HOUR, 3 * HOUR])


@pytest.mark.parametrize("pairing", [Pairing.FIRST, Pairing.EACH])
def test_a_calibration_reads_each_cases_own_window(embedded_store: Store, pairing: Pairing) -> None:
    target = rule(version="1", pairing=pairing, overrides=(Override(PLATINUM, 30 * timedelta(minutes=1)),))
    likely = forecast(target, chance=Fraction(4, 5), at_least=30)
    insert_events(embedded_store, [*learnt_from(MIDNIGHT), *learnt_from(MIDNIGHT + DAY + HOUR)])
    insert_events(embedded_store, case(300, MIDNIGHT + HOUR, HOUR, attributes={"tier": "platinum"}))

    found = calibrate(embedded_store, likely, MIDNIGHT, MIDNIGHT + 2 * DAY)

    # All 40 cases of the second day are the same objects again, whose first clock has long been over.
    started = 1 if pairing is Pairing.FIRST else 41
    assert (found.cases, found.unpredicted, found.unsettled) == (started, 0, 0)
    certain = found.bands[-1]
    assert (certain.predicted, certain.observed) == (1.0, 1.0)
