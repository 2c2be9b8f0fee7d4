"""Milestone rules beside pm4py's temporal profile: on what both can say, both say the same of any log."""

import json
import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import pytest

from bench.peers.beside_pm4py import event_rows
from bench.peers.temporal_profile import Deviation, LogEvent, Profile, Sides, resolved, rules_of, sides
from domain.alert import AlertState
from domain.rule import Pairing
from rules.engine import Engine
from rules.evaluator import evaluate
from storage.alerts import list_alerts
from storage.client import Store
from storage.events import insert_events
from tests.unit.rules.histories import START

ZETA = 1.0
MILLISECOND = timedelta(milliseconds=1)
END = START + timedelta(days=400)


class Log(NamedTuple):
    """A log with what pm4py says of it."""

    events: list[LogEvent]
    profile: Profile
    deviations: list[Deviation]


def made_log(seed: int) -> list[LogEvent]:
    """Cases of four activities in about the usual order, some missing, repeated or at one instant; rows shuffled."""
    chance = random.Random(seed)
    events: list[LogEvent] = []
    for case in range(30):
        at = START + chance.randrange(10**6) * MILLISECOND
        for activity in chance.choice(("ABCD", "ABCD", "ACBD", "ABBCD", "ABD", "BAD", "ABCDB", "DCBA", "AABCDD")):
            events.append(LogEvent(f"case-{case}", f"{activity} done", at))
            at += chance.choice((0, chance.randrange(10**5), chance.randrange(10**7))) * MILLISECOND
    chance.shuffle(events)
    return events


@cache
def logs() -> list[Log]:
    """Logs that differ, all read by pm4py at once, since importing it takes seconds."""
    made = [made_log(seed) for seed in range(8)]
    given = {"zeta": ZETA, "logs": [[[e.case, e.activity, e.at.isoformat()] for e in events] for events in made]}
    command = [sys.executable, "-m", "tests.integration.rules.read_temporal_profiles"]
    result = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    return [
        Log(
            events,
            {(first, then): (mean, deviation) for first, then, mean, deviation in one["profile"]},
            [Deviation(c, first, then, timedelta(seconds=took)) for c, first, then, took in one["deviations"]],
        )
        for events, one in zip(made, found, strict=True)
    ]


@pytest.mark.parametrize("number", range(8))
def test_late_first_followers_are_what_pm4py_finds(store: Store, number: int) -> None:
    log = logs()[number]
    insert_events(store, list(event_rows(log.events, "case")))
    rules = rules_of(log.profile, ZETA, "case")

    alerts = evaluate(store, rules, END)

    expected = sides(log.deviations, log.events, log.profile, ZETA)
    assert resolved(alerts, rules) == expected.late
    assert {alert.state for alert in alerts} == {AlertState.RESOLVED, AlertState.FIRING}


def test_the_logs_hold_every_way_in_which_the_two_differ() -> None:
    each = [sides(log.deviations, log.events, log.profile, ZETA) for log in logs()]

    assert all(any(log[kind] for log in each) for kind in range(len(Sides._fields)))


def test_a_tick_finds_the_same(store: Store) -> None:
    log = logs()[0]
    insert_events(store, list(event_rows(log.events, "case")))
    rules = rules_of(log.profile, ZETA, "case")

    Engine(store, rules).tick(END)

    expected = sides(log.deviations, log.events, log.profile, ZETA)
    assert resolved(list_alerts(store, limit=100_000), rules) == expected.late


def test_one_clock_a_case_finds_those_of_the_first_event_alone(store: Store) -> None:
    log = logs()[0]
    insert_events(store, list(event_rows(log.events, "case")))
    rules = rules_of(log.profile, ZETA, "case", Pairing.FIRST)

    found = resolved(evaluate(store, rules, END), rules)

    firsts = {
        (event.case, event.activity): event.at for event in sorted(log.events, key=lambda event: -event.at.timestamp())
    }
    by_first = Counter(
        Deviation(case, first, then, after - firsts[case, first])
        for case, then, after in log.events
        for first in {event.activity for event in log.events if event.case == case}
    )
    late = sides(log.deviations, log.events, log.profile, ZETA).late
    assert found == late & by_first
    assert found
    assert found != late


def test_what_no_event_follows_only_a_rule_tells(store: Store) -> None:
    log = logs()[0]
    insert_events(store, list(event_rows(log.events, "case")))
    rules = rules_of(log.profile, ZETA, "case")
    pairs = {rule.name: (rule.from_type, rule.to_type) for rule in rules}

    for alert in evaluate(store, rules, END):
        if alert.state is AlertState.FIRING:
            then = pairs[alert.name][1]
            assert not [
                event
                for event in log.events
                if event.case == alert.business_object.id and event.activity == then and event.at >= alert.started_at
            ]
