"""One-off evaluation against a plain reading of DESIGN part 5, over generated histories of many objects."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.instants import LATEST
from domain.rule import MilestoneRule
from rules.evaluator import evaluate
from storage.client import Store
from storage.events import insert_events
from tests.engine import Engine
from tests.integration.rules.arrivals import Log, logs, rule_sets
from tests.unit.rules.histories import START
from tests.unit.rules.reference import TICK, verdicts

ALERTED = ("at_risk", "firing", "resolved")
INSTANTS = st.integers(0, 60 * 12).map(lambda ticks: START + ticks * TICK)


class Seen(NamedTuple):
    """What is compared of an alert; a deadline that an open pause hides is not."""

    rule: str
    object_id: str
    state: str
    started_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    severity: str | None
    amount: Decimal | None
    currency: str | None


def seen(alert: Alert) -> Seen:
    return Seen(
        alert.name,
        alert.business_object.id,
        alert.state,
        alert.started_at,
        alert.fired_at,
        alert.resolved_at,
        alert.severity,
        alert.amount,
        alert.currency,
    )


def plain_reading(log: Log, rules: Sequence[MilestoneRule], at: datetime, known_at: datetime) -> list[Seen]:
    """The alerts by the words of the definition, an object after the other."""
    found = []
    for object_id in log.by_object:
        history = log.known(object_id, known_at)
        by_identity = {(milestone.source, milestone.event_id): milestone for milestone in history}
        for rule in rules:
            for verdict in verdicts(rule, history, at):
                if verdict.state in ALERTED:
                    start = by_identity[verdict.start_id]
                    found.append(
                        Seen(
                            rule.name,
                            object_id,
                            verdict.state,
                            start.occurred_at,
                            verdict.fired_at,
                            verdict.resolved_at,
                            verdict.severity,
                            start.facts.amount,
                            start.facts.currency,
                        )
                    )
    return sorted(found, key=repr)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), rule_sets(), INSTANTS, st.none() | INSTANTS, st.randoms(use_true_random=False))
def test_evaluate_is_what_the_definition_says_whatever_the_order_and_repetition_of_arrival(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    rules: list[MilestoneRule],
    at: datetime,
    known_at: datetime | None,
    shuffler: random.Random,
) -> None:
    engine.clear(embedded_store.database)
    repeated = shuffler.choices(log.arrivals, k=len(log.arrivals))
    rows = [arrival.row() for arrival in log.arrivals]
    rows += [arrival.row(later=timedelta(minutes=minute)) for minute, arrival in enumerate(repeated)]
    shuffler.shuffle(rows)
    for part in (rows[::2], rows[1::2]):
        insert_events(embedded_store, part)

    found = evaluate(embedded_store, rules, at, known_at)

    assert sorted(map(seen, found), key=repr) == plain_reading(log, rules, at, known_at or LATEST)
    assert [alert.deadline_at for alert in found] == sorted(alert.deadline_at for alert in found)
