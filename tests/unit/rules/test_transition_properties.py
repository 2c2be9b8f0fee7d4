"""Transitions as they become known, against a simulation that asks for the verdict at every instant."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alert import Alert, alert_id
from domain.milestone import Milestone
from domain.rule import MilestoneRule, Pairing
from rules.alert_state import alerts_at, next_due, transitions
from rules.kinds.milestone import Case, judge
from rules.told import LATE_GRACE
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, PLATINUM, START, event, histories, rules
from tests.unit.rules.histories import rule as one_rule

HOUR = 60 * MINUTE
THROUGH = START + 80 * MINUTE
# state, severity, deadline_at, fired_at, resolved_at, whether the clock is paused
Gist = tuple[str, str, datetime, datetime | None, datetime | None, bool]
Change = tuple[datetime, str, Gist]


def _gist(alert: Alert) -> Gist:
    is_paused = alert.state == "at_risk" and "paused now" in alert.reason
    return (alert.state.value, alert.severity, alert.deadline_at, alert.fired_at, alert.resolved_at, is_paused)


def change_of(alert: Alert) -> Change:
    """A stored change as the simulation shows it: when it became known, of which alert, and what it says."""
    known_at = START + timedelta(microseconds=alert.version // 1000 - _micros(START))
    return (known_at, alert.alert_id, _gist(alert))


def _micros(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=START.tzinfo)) // timedelta(microseconds=1)


def simulate(
    rule: MilestoneRule, history: Sequence[Milestone], takes: Callable[[datetime], bool] = lambda started_at: True
) -> list[Change]:
    """Every change, found by asking for the verdict at every instant at which anything could change it.

    Of a case that started when `takes` says no, nothing is told.
    """
    agenda = {max(row.received_at, row.occurred_at) for row in history}
    agenda |= {instant + LATE_GRACE for instant in agenda}
    done: set[datetime] = set()
    told: dict[str, Gist] = {}
    starts: dict[str, tuple[object, datetime]] = {}
    changes: list[Change] = []
    while agenda - done:
        now = min(agenda - done)
        done.add(now)
        if now > THROUGH:
            break
        cases = {case.clock: case for case in judge(rule, [m for m in history if m.received_at <= now], now)}
        for clock in sorted({*cases, *told, *starts}):
            case = cases.get(clock)
            if case is None:
                starts.pop(clock, None)
                new = _tell(told.get(clock), None)
            else:
                agenda |= {case.next_change_at} if case.next_change_at else set()
                identity = (case.start.source, case.start.event_id)
                if clock not in starts or starts[clock][0] != identity:
                    starts[clock] = (identity, now)
                since = starts[clock][1]
                tellable = [instant for instant in (case.at_risk_at, case.deadline_at) if instant]
                if tellable and min(tellable) < since and now < since + LATE_GRACE:
                    continue
                new = _tell(told.get(clock), case if takes(case.start.occurred_at) else None)
            if new is not None and new != told.get(clock):
                told[clock] = new
                changes.append((now, alert_id(rule.name, ORDER, clock), new))
    return sorted(changes, key=lambda change: change[:2])


def _tell(before: Gist | None, case: Case | None) -> Gist | None:
    if case is not None and case.state in ("at_risk", "firing", "resolved"):
        deadline_at = case.deadline_at or case.earliest_deadline_at
        is_paused = case.deadline_at is None
        return (case.state.value, case.severity, deadline_at, case.fired_at, case.resolved_at, is_paused)
    if before is None or before[0] == "retracted":
        return before
    if case is not None and case.ended_by and before[3] is None:
        deadline_at = case.deadline_at or case.earliest_deadline_at
        return ("resolved", case.severity, deadline_at, None, case.ended_by.occurred_at, False)
    return ("retracted", before[1], before[2], before[3], None, False)


def with_later_facts(history: list[Milestone], numbers: list[tuple[int, int, frozenset[str]]]) -> list[Milestone]:
    """The history where some events' inherited facts became known after them, as further rows of theirs."""
    rows = {(row.event_id, row.received_at): row for row in history}
    for number, delay, holds in numbers:
        if history:
            row = history[number % len(history)]
            received_at = row.received_at + delay * MINUTE
            rows[row.event_id, received_at] = replace(row, received_at=received_at, holds=holds)
    return list(rows.values())


LATER_FACTS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 20), st.frozensets(st.sampled_from([LARGE, PLATINUM]))), max_size=3
)


@settings(max_examples=700, deadline=None)
@given(rules(), histories(), LATER_FACTS)
def test_transitions_are_what_asking_at_every_instant_shows(
    rule: MilestoneRule, history: list[Milestone], later: list[tuple[int, int, frozenset[str]]]
) -> None:
    rows = with_later_facts(history, later)
    found = sorted(map(change_of, transitions(rule, ORDER, rows, None, THROUGH)), key=lambda change: change[:2])
    assert found == simulate(rule, rows)


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), LATER_FACTS, st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    rule: MilestoneRule,
    history: list[Milestone],
    later: list[tuple[int, int, frozenset[str]]],
    chooser: random.Random,
) -> None:
    rows = with_later_facts(history, later)
    whole = [replace(alert, recorded_at=THROUGH) for alert in transitions(rule, ORDER, rows, None, THROUGH)]
    pieces: list[Alert] = []
    after: datetime | None = None
    instants = sorted(chooser.choice(range(-5, 80)) * MINUTE for _ in range(chooser.randint(0, 12)))
    for through in (*(START + instant for instant in instants), THROUGH):
        arrived = [row for row in rows if row.received_at <= through]
        chooser.shuffle(arrived)
        pieces.extend(transitions(rule, ORDER, arrived, after, through))
        after = through
    assert [replace(alert, recorded_at=THROUGH) for alert in pieces] == whole


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), LATER_FACTS, st.integers(0, 60 * 4))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    rule: MilestoneRule, history: list[Milestone], later: list[tuple[int, int, frozenset[str]]], quarter: int
) -> None:
    through = START + quarter * MINUTE / 4
    arrived = [row for row in with_later_facts(history, later) if row.received_at <= through]
    due = next_due(rule, arrived, through)
    until = due - timedelta(microseconds=1) if due else THROUGH + 240 * MINUTE
    assert due is None or due > through
    assert transitions(rule, ORDER, arrived, through, until) == []


@settings(max_examples=250, deadline=None)
@given(rules(), histories(in_order=True))
def test_where_nothing_arrives_late_the_last_told_is_what_stands(rule: MilestoneRule, history: list[Milestone]) -> None:
    told: dict[str, Alert] = {}
    for alert in transitions(rule, ORDER, history, None, THROUGH):
        told[alert.alert_id] = alert
    standing = {alert.alert_id: _gist(alert) for alert in alerts_at(rule, ORDER, history, THROUGH)}
    not_told_back = {
        key: _gist(alert) for key, alert in told.items() if not (alert.state == "resolved" and alert.fired_at is None)
    }
    assert not_told_back == standing


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_what_is_told(
    rule: MilestoneRule, history: list[Milestone], shuffler: random.Random
) -> None:
    arrived = history * 2
    shuffler.shuffle(arrived)
    assert transitions(rule, ORDER, arrived, None, THROUGH) == transitions(rule, ORDER, history, None, THROUGH)


def test_a_start_that_comes_back_finds_its_own_end_taken() -> None:
    # By chance these five arrivals hardly ever meet.
    watched = one_rule(within=HOUR, pairing=Pairing.ONE_TO_ONE, where=LARGE)
    holding = frozenset({LARGE})
    rows = [
        event("approved", "2m", holds=holding),
        event("posted", "5m"),
        event("approved", "2m", "10m"),
        event("approved", "1m", "11m", holds=holding),
        event("approved", "2m", "12m", holds=holding),
    ]
    told = transitions(watched, ORDER, rows, None, THROUGH)
    assert [(alert.started_at, alert.state.value) for alert in told] == [(START + 2 * MINUTE, "firing")]
    assert [change_of(alert) for alert in told] == simulate(watched, rows)
