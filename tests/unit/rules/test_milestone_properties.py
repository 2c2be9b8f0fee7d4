"""The milestone kind against a second reading of its definition, over generated histories."""

import random
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.milestone import Milestone
from domain.rule import MilestoneRule
from rules.kinds.milestone import Case, CaseState, judge
from tests.unit.rules.histories import MINUTE, START, histories, rules
from tests.unit.rules.reference import TICK, Verdict, verdicts

# Whole minutes are where events and deadlines lie.
INSTANTS = st.one_of(
    st.integers(0, 40).map(lambda minutes: START + minutes * MINUTE),
    st.integers(0, 40 * 12).map(lambda ticks: START + ticks * TICK),
)


def _verdict(case: Case) -> Verdict:
    ended = case.state in (CaseState.IN_TIME, CaseState.CANCELLED)
    return Verdict(
        start_id=(case.start.source, case.start.event_id),
        state=case.state.value,
        fired_at=case.fired_at,
        resolved_at=case.resolved_at,
        deadline_at=None if ended else case.deadline_at,
        severity=None if ended or case.state is CaseState.OPEN else case.severity,
    )


@settings(max_examples=700, deadline=None)
@given(rules(), histories(), INSTANTS)
def test_verdicts_are_what_the_definition_says(rule: MilestoneRule, history: list[Milestone], at: datetime) -> None:
    assert [_verdict(case) for case in judge(rule, history, at)] == verdicts(rule, history, at)


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), INSTANTS, st.randoms(use_true_random=False))
def test_order_and_repetition_of_arrival_do_not_matter(
    rule: MilestoneRule, history: list[Milestone], at: datetime, shuffler: random.Random
) -> None:
    arrived = history * 2
    shuffler.shuffle(arrived)
    assert judge(rule, arrived, at) == judge(rule, history, at)


@settings(max_examples=250, deadline=None)
@given(rules(), histories(), INSTANTS, st.integers(1, 240))
def test_until_the_next_change_time_alone_changes_nothing(
    rule: MilestoneRule, history: list[Milestone], at: datetime, ticks: int
) -> None:
    known = [m for m in history if m.occurred_at <= at]
    cases = judge(rule, known, at)
    later = at + ticks * TICK
    due = [case.next_change_at for case in cases if case.next_change_at]
    if due and min(due) <= later:
        later = min(due) - TICK / 5
    unchanged = [(case.state, case.severity) for case in cases]
    assert [(case.state, case.severity) for case in judge(rule, known, later)] == unchanged


@settings(max_examples=250, deadline=None)
@given(rules(), histories())
def test_firing_begins_exactly_at_the_deadline(rule: MilestoneRule, history: list[Milestone]) -> None:
    at = START + 60 * MINUTE
    for case in judge(rule, history, at):
        if case.state is not CaseState.FIRING:
            continue
        assert case.fired_at == case.deadline_at
        assert case.fired_at is not None
        before = judge(rule, [m for m in history if m.occurred_at < case.fired_at], case.fired_at - TICK / 5)
        states = {other.start.event_id: other.state for other in before}
        assert states[case.start.event_id] in (CaseState.OPEN, CaseState.AT_RISK)
