"""Rules that are edited between ticks: however often the engine ticks, restarts or breaks off, each case is judged by
the version that was in force when it started."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.instants import EARLIEST, to_micros
from domain.rule import MilestoneRule, ObjectRule, Rule, Tenure
from rules.alert_state import alerts_at, next_due, transitions
from rules.evaluator import evaluate
from rules.replay import By, Span, replay
from rules.schema import digest
from rules.versions import in_force, migrate, versioned
from storage.alerts import alert_from_row
from storage.client import Store
from storage.events import insert_events
from storage.rule_versions import read_rule_versions, write_rule_versions
from tests.engine import Engine
from tests.fakes import BreakingStore
from tests.integration.rules.arrivals import Log, logs, rule_sets
from tests.integration.rules.test_engine_properties import END, GAPS, stored_once, tick_until_done
from tests.unit.rules.histories import START

MICRO = timedelta(microseconds=1)
# What becomes of each of the first rules at a tick: which of its texts it has, or that it is not there.
EDITS = st.lists(st.lists(st.sampled_from([0, 0, 1, 1, 2]), min_size=2, max_size=2), min_size=8, max_size=8)
GONE = 2


@dataclass
class Tenures:
    """A plain record of which text was in force from when on, by name."""

    by_name: dict[str, list[tuple[datetime, MilestoneRule]]] = field(default_factory=dict)

    def note(self, rules: Sequence[MilestoneRule], now: datetime) -> None:
        for rule in rules:
            known = self.by_name.setdefault(rule.name, [])
            if not known:
                known.append((EARLIEST, rule))
            elif known[-1][1].version != rule.version:
                known.append((now, rule))

    def migrated(self, name: str, since: datetime) -> None:
        known = self.by_name[name]
        if known[-1][0] > since:
            newest = known[-1][1]
            self.by_name[name] = [*((begins, rule) for begins, rule in known if begins < since), (since, newest)]

    def rule(self, name: str) -> ObjectRule:
        known = self.by_name[name]
        ends = [*(begins for begins, _ in known[1:]), None]
        return versioned(
            [replace(rule, tenure=Tenure(begins, end)) for (begins, rule), end in zip(known, ends, strict=True)]
        )


def texts(one: Sequence[MilestoneRule], other: Sequence[MilestoneRule]) -> list[list[MilestoneRule]]:
    """Two texts of each of two rules, with the digests that files would have."""
    pairs = [
        [
            replace(
                drawn[place % len(drawn)], name=f"Rule{place}", labels=one[0].labels, annotations=one[0].annotations
            )
            for drawn in (one, other)
        ]
        for place in range(2)
    ]
    return [[replace(rule, version=digest(rule)) for rule in pair] for pair in pairs]


def expected(log: Log, rules: Sequence[ObjectRule]) -> Iterator[tuple[BusinessObject, list[Alert], datetime | None]]:
    """Each object's changes and next instant, simulated in one go from the arrivals themselves."""
    types = frozenset().union(*(rule.event_types for rule in rules))
    for object_id in log.by_object:
        object_ = BusinessObject("order", object_id)
        history = [m for m in log.as_received(object_id) if m.type in types]
        alerts = [alert for rule in rules for alert in transitions(rule, object_, history, None, END)]
        due = [instant for rule in rules if (instant := next_due(rule, history, END))]
        yield object_, alerts, min(due, default=None)


def verdicts(alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts without what follows the files as they were at the tick: words, and traces of what rules watched."""
    return stored_once(
        [replace(alert, labels={}, annotations={}, trace_ids=(), correlation_id=None) for alert in alerts]
    )


def ends(alerts: Sequence[Alert]) -> dict[str, tuple[object, ...]]:
    """How each alert stands that is not retracted."""
    last = {alert.alert_id: alert for alert in alerts}
    return {
        alert_id: (alert.state, alert.severity, alert.deadline_at, alert.fired_at, alert.resolved_at)
        for alert_id, alert in last.items()
        if alert.state != "retracted"
    }


def stand(log: Log, rules: Sequence[ObjectRule]) -> list[Alert]:
    """What stands at the end, by the arrivals themselves."""
    objects = [BusinessObject("order", object_id) for object_id in log.by_object]
    return [alert for rule in rules for one in objects for alert in alerts_at(rule, one, log.as_received(one.id), END)]


def replayed(store: Store, rules: Sequence[Rule]) -> list[Alert]:
    """Every change as a backtest finds it."""
    span = Span(EARLIEST, END + MICRO)
    found = replay(store, rules, span, By.RECEIPT, lambda done, total: None)
    return [alert for one in found for alert in one.in_full(span.through)]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), rule_sets(), rule_sets(), EDITS, GAPS, st.integers(0, 2**32))
def test_edits_between_ticks_leave_each_case_to_its_version(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    one: list[MilestoneRule],
    other: list[MilestoneRule],
    edits: list[list[int]],
    gaps: list[timedelta],
    seed: int,
) -> None:
    database, chance = embedded_store.database, random.Random(seed)
    engine.clear(database)
    of_each, tenures = texts(one, other), Tenures()
    waiting = [arrival.row() for arrival in log.arrivals]
    chance.shuffle(waiting)
    rules: list[MilestoneRule] = []
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        for edit, gap in zip(edits, [*gaps, END - START], strict=False):
            if through == END:
                break
            through = min(through + gap, END)
            rules = [pair[choice % GONE] for pair, choice in zip(of_each, edit, strict=True)]
            tenures.note(rules, through)
            arrived = [row for row in waiting if row.received_us <= to_micros(through) or chance.random() < 0.2]
            waiting = [row for row in waiting if row not in arrived]
            if arrived:
                insert_events(store, arrived)
            tick_until_done(store, rules, through, chance)

    expected_rules = [tenures.rule(rule.name) for rule in rules]
    alerts = verdicts([alert for _, alerts, _ in expected(log, expected_rules) for alert in alerts])
    stored = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alert_transitions FINAL")]
    assert verdicts(stored) == alerts
    judged = in_force(rules, read_rule_versions(embedded_store))
    assert ends(evaluate(embedded_store, judged, END)) == ends(stand(log, expected_rules))
    assert verdicts(replayed(embedded_store, judged)) == alerts


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs(), rule_sets(), rule_sets(), EDITS, GAPS, st.integers(0, 2**32))
def test_rules_that_go_and_come_back_or_take_running_cases_end_as_their_versions_say(
    engine: Engine,
    embedded_store: Store,
    log: Log,
    one: list[MilestoneRule],
    other: list[MilestoneRule],
    edits: list[list[int]],
    gaps: list[timedelta],
    seed: int,
) -> None:
    database, chance = embedded_store.database, random.Random(seed)
    engine.clear(database)
    of_each, tenures = texts(one, other), Tenures()
    insert_events(embedded_store, [arrival.row() for arrival in log.arrivals])
    rules: Sequence[Rule] = []
    with BreakingStore(engine.dsn(database)) as store:
        through = START
        for edit, gap in zip(edits, [*gaps, END - START], strict=False):
            if through == END:
                break
            through = min(through + gap, END)
            given_ = [pair[choice] for pair, choice in zip(of_each, edit, strict=True) if choice != GONE]
            rules = given_
            tenures.note(given_, through)
            tick_until_done(store, rules, through, chance)
            if given_ and chance.random() < 0.3:
                name, since = given_[0].name, chance.choice([EARLIEST, START, START + (through - START) / 2])
                write_rule_versions(store, migrate(read_rule_versions(store), [name], since, "", through))
                tenures.migrated(name, since)
        tick_until_done(store, rules, END + MICRO, chance)

    simulated = expected(log, [tenures.rule(rule.name) for rule in rules]) if rules else []
    current = [alert_from_row(row) for row in engine.select(embedded_store, "SELECT * FROM alerts")]
    said = ends([alert for _, alerts, _ in simulated for alert in alerts])
    # What was resolved while a rule said so stays as it was.
    open_or_said = [alert for alert in current if alert.state.is_open or alert.alert_id in said]
    assert ends(open_or_said) == said
