"""However often the engine ticks, restarts or breaks off, it stores the same changes of the same alerts."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.errors import StoreUnreachable
from domain.instants import to_micros
from domain.milestone import Milestone
from domain.rule import MilestoneRule, Rule
from rules.alert_state import next_due, transitions
from rules.engine import NO_CONTRACTS
from rules.engine import Engine as RulesEngine
from storage.alerts import alert_from_row
from storage.client import Store
from storage.events import insert_events
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.rules.arrivals import Log, logs, rule_sets
from tests.unit.rules.histories import START
from tests.unit.rules.reference import TICK

END = START + timedelta(minutes=90)
GAPS = st.lists(st.integers(1, 240).map(lambda ticks: ticks * TICK), max_size=6)


def expected(log: Log, rules: Sequence[MilestoneRule]) -> Iterator[tuple[BusinessObject, list[Alert], datetime | None]]:
    """Each object's changes and next instant, simulated in one go from the arrivals themselves."""
    types = frozenset().union(*(rule.event_types for rule in rules))
    for object_id in log.by_object:
        object_ = BusinessObject("order", object_id)
        history: list[Milestone] = [m for m in log.as_received(object_id) if m.type in types]
        alerts = [alert for rule in rules for alert in transitions(rule, object_, history, None, END)]
        due = [instant for rule in rules if (instant := next_due(rule, history, END))]
        yield object_, alerts, min(due, default=None)


def stored_once(alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts as the store keeps them: the last of those with one key; when they were recorded is left out."""
    kept: dict[tuple[str, datetime, str, str], Alert] = {}
    for alert in sorted(alerts, key=lambda alert: alert.version):
        kept[alert.alert_id, alert.changed_at, alert.state, alert.severity] = replace(alert, recorded_at=END)
    return sorted(kept.values(), key=lambda alert: (alert.alert_id, alert.version, alert.changed_at))


def tick_until_done(
    store: BreakingStore,
    rules: Sequence[Rule],
    through: datetime,
    breaks: random.Random,
    contracts: Contracts = NO_CONTRACTS,
) -> None:
    """One tick by an engine of its own, broken off a few times on the way."""
    for _ in range(breaks.randrange(3)):
        store.inserts_left = breaks.randrange(5)
        store.breaks_after = breaks.random() < 0.5
        with contextlib.suppress(StoreUnreachable):
            RulesEngine(store, rules, contracts).tick(through)
    store.inserts_left = None
    RulesEngine(store, rules, contracts).tick(through)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), rule_sets(), GAPS, st.randoms(use_true_random=False))
def test_any_schedule_of_ticks_stores_the_same_changes(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    rules: list[MilestoneRule],
    gaps: list[timedelta],
    chance: random.Random,
) -> None:
    database = embedded_store.database
    engine.clear(database)
    repeated = [arrival.row(later=timedelta(minutes=7)) for arrival in log.arrivals if chance.random() < 0.3]
    waiting = [*(arrival.row() for arrival in log.arrivals), *repeated]
    chance.shuffle(waiting)
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        for gap in [*gaps, END - START]:
            through = min(through + gap, END)
            through_us = to_micros(through)
            # What was received by then is there; some of what is received later is too, and must not count yet.
            arrived = [row for row in waiting if row.received_us <= through_us or chance.random() < 0.2]
            waiting = [row for row in waiting if row not in arrived]
            if arrived:
                insert_events(store, arrived)
            tick_until_done(store, rules, through, chance)

    simulated = list(expected(log, rules))
    stored = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alert_transitions FINAL")]
    alerts = stored_once([alert for _, alerts, _ in simulated for alert in alerts])
    assert stored_once(stored) == alerts
    current = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alerts")]
    assert stored_once(current) == stored_once(list({alert.alert_id: alert for alert in alerts}.values()))
    duties = engine.select(embedded_store, "SELECT * FROM open_duties FINAL WHERE isNotNull(due_at)")
    assert {row["object_id"]: row["due_at"] for row in duties} == {
        object_.id: due_at for object_, _, due_at in simulated if due_at
    }
