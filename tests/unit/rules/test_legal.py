"""Transitions that the contract forbids: what is told of them, against a naive reading."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contract import StateMachine
from domain.milestone import Milestone
from domain.sequence_rule import LegalRule
from rules.alert_state import alerts_at, transitions
from rules.kinds.milestone import event_clock
from tests.unit.rules import breach_proofs
from tests.unit.rules.breach_proofs import THROUGH
from tests.unit.rules.breach_reference import Finding
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, START, at, event, histories

MACHINE = StateMachine(
    "new",
    {
        "new": {"approved": "approved", "cancelled": "cancelled"},
        "approved": {"approved": "approved", "posted": "posted", "held": "held", "cancelled": "cancelled"},
        "held": {"released": "approved", "cancelled": "cancelled"},
        "posted": {},
        "cancelled": {},
    },
)
TOGGLE = StateMachine("off", {"off": {"approved": "on"}, "on": {"posted": "off"}})


def rule(**changes: object) -> LegalRule:
    """Orders go by the machine, with the changes given."""
    plain: dict[str, object] = {"object_type": "order", "machine": MACHINE, **changes}
    return LegalRule(group="order_to_bill", name="IllegalTransition", version="v1", **plain)  # type: ignore[arg-type]


def walk(machine: StateMachine, state: str, order: Sequence[Milestone]) -> tuple[int, str, list[Milestone]]:
    """How many events are illegal in this order, the state after them, and which are illegal."""
    illegal = []
    for milestone in order:
        after = machine.step(state, milestone.type)
        if after is None:
            illegal.append(milestone)
        else:
            state = after
    return len(illegal), state, illegal


def naive(watched: LegalRule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """Steps through all that is known; of one instant in the order with the fewest illegal events."""
    state = watched.machine.start
    found = {}
    taken = [m for m in known if m.type in watched.opening_types]
    for _, group in groupby(taken, key=lambda milestone: milestone.occurred_at):
        events = list(group)
        orders = permutations(events) if len(events) <= 5 else [tuple(events)]
        walks = [walk(watched.machine, state, order) for order in orders]
        _, state, illegal = min(walks, key=lambda walked: walked[0])
        for event_ in illegal:
            if watched.where is None or watched.where in event_.holds:
                since = event_.occurred_at
                endings = [m.occurred_at for m in known if m.type in watched.unless and m.occurred_at >= since]
                identity = (event_.source, event_.event_id)
                found[event_clock(event_)] = Finding(identity, since, min(endings, default=None))
    return found


RULES = st.builds(
    rule,
    machine=st.sampled_from([MACHINE, TOGGLE]),
    where=st.sampled_from([None, LARGE]),
    unless=st.sampled_from([(), ("cancelled",)]),
)


@settings(max_examples=400, deadline=None)
@given(RULES, histories())
def test_what_is_told_is_what_asking_at_every_instant_shows(watched: LegalRule, history: list[Milestone]) -> None:
    breach_proofs.is_what_asking_at_every_instant_shows(watched, history, lambda known: naive(watched, known))


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    watched: LegalRule, history: list[Milestone], chooser: random.Random
) -> None:
    breach_proofs.is_the_same_in_small_windows(watched, history, chooser)


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    watched: LegalRule, history: list[Milestone], minute: int
) -> None:
    breach_proofs.is_quiet_until_due(watched, history, minute)


@settings(max_examples=200, deadline=None)
@given(RULES, histories())
def test_what_is_told_last_is_what_one_question_in_the_end_answers(
    watched: LegalRule, history: list[Milestone]
) -> None:
    breach_proofs.is_what_stands_in_the_end(watched, history)


def test_each_illegal_event_is_one_alert_and_leaves_the_state_as_it_is() -> None:
    history = [event("posted", "1h"), event("approved", "2h"), event("posted", "3h"), event("held", "4h")]
    alerts = alerts_at(rule(), ORDER, history, at("5h"))
    assert [alert.fired_at for alert in alerts] == [at("1h"), at("4h")]
    assert [alert.reason for alert in alerts] == [
        "posted at 2026-01-05T10:00:00Z (crm) came in state new, where the contract allows approved, cancelled.",
        "held at 2026-01-05T13:00:00Z (crm) came in state posted, where the contract allows nothing.",
    ]


def test_events_of_one_instant_count_in_the_order_that_is_legal() -> None:
    history = [event("posted", "1h"), event("held", "1h"), event("approved", "1h"), event("released", "1h")]
    assert alerts_at(rule(), ORDER, history, at("2h")) == []


def test_what_no_transition_names_changes_nothing() -> None:
    history = [event("approved", "1h"), event("noted", "2h"), event("posted", "3h")]
    assert alerts_at(rule(), ORDER, history, at("4h")) == []


def test_an_approval_that_arrives_late_takes_the_alert_back() -> None:
    history = [event("posted", "10m"), event("approved", "5m", "20m")]
    told = transitions(rule(), ORDER, history, None, THROUGH)
    assert [alert.state for alert in told] == ["firing", "retracted"]
    assert told[-1].reason.startswith("Retracted: later events show that posted was legal where it came")


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "the latest first"])
def test_an_object_with_many_events_is_read_in_whatever_order_they_arrive(step: int) -> None:
    count = 20_000
    types = ("approved", "held", "released", "released")
    arrived_at = START + timedelta(days=200)
    history = [
        Milestone(types[number % 4], START + number * MINUTE, arrived_at + step * number * MINUTE, "crm", str(number))
        for number in range(count)
    ]
    told = transitions(rule(), ORDER, history, None, START + timedelta(days=600))
    assert sum({"firing": 1, "retracted": -1}[alert.state] for alert in told) == count // 4
