"""A replay tells what the live tick stored, or would have: the same changes, and none of them is left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from domain.alert import VERSIONS_PER_MICROSECOND, Alert
from domain.business_object import BusinessObject
from domain.calendar import Calendar, OpenHours
from domain.instants import LATEST, from_micros
from domain.milestone import Milestone
from domain.rule import MilestoneRule, Override, Pairing, SeverityStep
from rules.alert_state import transitions
from rules.kinds.knowledge import known_from
from rules.kinds.milestone import override_of, starts_clock
from rules.reach import known_since
from rules.replay import By, Span, replay
from rules.start_counting import starts_of
from storage.client import Store
from storage.events import insert_events
from tests.engine import Engine
from tests.integration.rules.arrivals import Log, logs, rule_sets
from tests.unit.rules.histories import START, rule

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SPANS = st.tuples(st.integers(0, 70), st.integers(1, 70)).map(
    lambda drawn: Span(START + drawn[0] * MINUTE, START + (drawn[0] + drawn[1]) * MINUTE)
)


def history_of(log: Log, object_id: str, by: By) -> list[Milestone]:
    if by is By.RECEIPT:
        return log.as_received(object_id)
    known = log.known(object_id, max(arrival.received_at for arrival in log.arrivals))
    return [replace(milestone, received_at=milestone.occurred_at) for milestone in known]


def in_span(alerts: Sequence[Alert], span: Span) -> list[Alert]:
    return [a for a in alerts if from_micros(a.version // VERSIONS_PER_MICROSECOND) >= span.since]


# Of some events another statement of the same identity, received later: what it says instead must not count.
CONFLICTS = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(1, 30), st.integers(-9, 9), st.sampled_from(["approved", "posted", "noted"])
    ),
    max_size=30,
)
Conflicts = list[tuple[int, int, int, str]]


def insert(store: Store, log: Log, conflicts: Conflicts) -> None:
    insert_events(store, [arrival.row() for arrival in log.arrivals])
    again = []
    for place, later, shift, type_ in conflicts:
        row = log.arrivals[place % len(log.arrivals)].row()
        occurred_us, received_us = row.occurred_us + shift * 60_000_000, row.received_us + later * 60_000_000
        again.append(structs.replace(row, type=type_, occurred_us=occurred_us, received_us=received_us))
    if again:
        insert_events(store, again)


SLOW = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize("by", By)
@SLOW
@given(logs(), CONFLICTS, rule_sets(), SPANS)
def test_a_replay_tells_every_change_of_the_span(
    engine: Engine,
    embedded_store: Store,
    by: By,
    log: Log,
    conflicts: Conflicts,
    rules: list[MilestoneRule],
    span: Span,
) -> None:
    engine.clear(embedded_store.database)
    insert(embedded_store, log, conflicts)

    told = {
        (one.rule.name, one.business_object.id): one.in_full(span.through)
        for one in replay(embedded_store, rules, span, by, lambda done, total: None)
    }

    types = frozenset().union(*(one.event_types for one in rules))
    for object_id in log.by_object:
        history = [m for m in history_of(log, object_id, by) if m.type in types]
        object_ = BusinessObject("order", object_id)
        for one in rules:
            expected = transitions(one, object_, history, None, span.through)
            found = told.get((one.name, object_id), [])
            assert in_span(found, span) == in_span(expected, span)
            # Where anything of it is told, then all that came before as well.
            assert found in ([], expected)


def started(log: Log, one: MilestoneRule, span: Span, by: By) -> tuple[int, dict[Override, int]]:
    """How many clocks a rule started in a span, and how many with each override; a plain reading of each object."""
    count, overrides = 0, Counter[Override]()
    for object_id in log.by_object:
        known = log.known(object_id, span.through if by is By.RECEIPT else LATEST)
        starts = [m for m in known if starts_clock(one, m)]
        for start in starts[:1] if one.pairing is Pairing.FIRST else starts:
            known_at = known_from(start) if by is By.RECEIPT else start.occurred_at
            if span.since <= known_at <= span.through:
                count += 1
                if override := override_of(one, start):
                    overrides[override] += 1
    return count, dict(overrides)


@pytest.mark.parametrize("by", By)
@SLOW
@given(logs(), CONFLICTS, rule_sets(), SPANS)
def test_starts_are_counted_as_a_plain_reading_counts_them(
    engine: Engine,
    embedded_store: Store,
    by: By,
    log: Log,
    conflicts: Conflicts,
    rules: list[MilestoneRule],
    span: Span,
) -> None:
    engine.clear(embedded_store.database)
    insert(embedded_store, log, conflicts)

    counted = starts_of(embedded_store, rules, span, by)

    for place, one in enumerate(rules):
        found = {override: count for (of, override), count in counted.items() if of == place and count}
        all_, overrides = started(log, one, span, by)
        assert (found.pop(None, 0), found) == (all_, overrides)


BUSINESS = Calendar("de_business", "Europe/Berlin", ((OpenHours(9 * HOUR, 17 * HOUR),),) * 5 + ((), ()))


@pytest.mark.parametrize("calendar", [None, BUSINESS], ids=["every hour", "open hours"])
@given(st.integers(0, 24 * 14), st.integers(1, 60))
def test_whatever_was_known_before_the_reach_of_a_rule_is_over_by_then(
    calendar: Calendar | None, hours_ago: int, within: int
) -> None:
    steps = (SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(3), "critical"))
    tested = rule(within=within * HOUR, severity=steps, calendar=calendar)
    since = known_since(tested, START)
    assert since < START

    last = since - MINUTE - hours_ago * HOUR
    start = Milestone("approved", last, last, "crm", "1")
    known: list[datetime] = [
        from_micros(alert.version // VERSIONS_PER_MICROSECOND)
        for alert in transitions(tested, BusinessObject("order", "O-1"), [start], None, START + timedelta(days=400))
    ]

    assert [instant for instant in known if instant >= START] == []
