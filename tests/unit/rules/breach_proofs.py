"""What every kind that finds breaches must pass, with a naive reading of it."""

import random
from collections.abc import Sequence
from datetime import timedelta

from domain.milestone import Milestone
from domain.rule import ObjectRule
from rules.alert_state import alerts_at, next_due, transitions
from tests.unit.rules.breach_reference import Naive, simulate, told_changes
from tests.unit.rules.histories import MINUTE, ORDER, START

THROUGH = START + 80 * MINUTE


def is_what_asking_at_every_instant_shows(rule: ObjectRule, history: Sequence[Milestone], naive: Naive) -> None:
    """What is told is what a naive reading, asked at every instant, would have had told."""
    told = told_changes(transitions(rule, ORDER, history, None, THROUGH))
    assert told == simulate(rule, ORDER, history, naive, THROUGH)


def is_the_same_in_small_windows(rule: ObjectRule, history: Sequence[Milestone], chooser: random.Random) -> None:
    """Ticks of any length, with events in any order, tell what one long tick tells."""
    whole = told_changes(transitions(rule, ORDER, history, None, THROUGH))
    pieces = []
    after = None
    for minutes in (*sorted(chooser.choice(range(-5, 80)) for _ in range(6)), 80):
        through = START + minutes * MINUTE
        arrived = [row for row in history if row.received_at <= through]
        chooser.shuffle(arrived)
        pieces += transitions(rule, ORDER, arrived, after, through)
        after = through
    assert told_changes(pieces) == whole


def is_quiet_until_due(rule: ObjectRule, history: Sequence[Milestone], minute: int) -> None:
    """Unless something arrives, nothing is told before the next instant that is due."""
    through = START + minute * MINUTE
    arrived = [row for row in history if row.received_at <= through]
    due = next_due(rule, arrived, through)
    until = due - timedelta(microseconds=1) if due else THROUGH + 240 * MINUTE
    assert transitions(rule, ORDER, arrived, through, until) == []


def is_what_stands_in_the_end(rule: ObjectRule, history: Sequence[Milestone]) -> None:
    """What is told last of each alert is what one question in the end answers, but for what was retracted."""
    last = {alert.alert_id: alert for alert in transitions(rule, ORDER, history, None, THROUGH)}
    told = {id_: (a.state, a.fired_at, a.resolved_at) for id_, a in last.items() if a.state != "retracted"}
    once = {a.alert_id: (a.state, a.fired_at, a.resolved_at) for a in alerts_at(rule, ORDER, history, THROUGH)}
    assert told == once
