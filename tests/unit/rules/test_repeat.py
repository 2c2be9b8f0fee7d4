"""What must not happen so many times: what is told of it, against a naive reading."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.milestone import Milestone
from domain.repeat_rule import RepeatRule
from rules.alert_state import alerts_at, transitions
from tests.unit.rules import breach_proofs
from tests.unit.rules.breach_reference import Finding
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, START, at, event, histories

HOUR = timedelta(hours=1)


def rule(**changes: object) -> RepeatRule:
    """No second order.posted, with the changes given."""
    plain: dict[str, object] = {"object_type": "order", "event_type": "posted", "count": 2, **changes}
    return RepeatRule(group="order_to_bill", name="PostedTwice", version="v1", **plain)  # type: ignore[arg-type]


def naive(watched: RepeatRule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """The first event that has enough others at or before it, none of them further off than the window."""
    counting = [m for m in known if m.type == watched.event_type and (not watched.where or watched.where in m.holds)]
    for number, last in enumerate(counting):
        within = [
            m
            for m in counting[: number + 1]
            if not watched.within or last.occurred_at - m.occurred_at <= watched.within
        ]
        if len(within) >= watched.count:
            since = last.occurred_at
            endings = [m.occurred_at for m in known if m.type in watched.unless and m.occurred_at >= since]
            return {"": Finding((last.source, last.event_id), since, min(endings, default=None))}
    return {}


RULES = st.builds(
    rule,
    event_type=st.sampled_from(["approved", "posted"]),
    count=st.integers(2, 4),
    within=st.sampled_from([None, MINUTE, 6 * MINUTE]),
    where=st.sampled_from([None, LARGE]),
    unless=st.sampled_from([(), ("cancelled",)]),
)


def amended(history: Sequence[Milestone], chooser: random.Random) -> list[Milestone]:
    """The history with conditions that come to hold, and cease to, after an event was received."""
    rows = list(history)
    for milestone in history:
        later = milestone.received_at
        while chooser.random() < 0.4:
            later += chooser.randrange(1, 20) * MINUTE
            rows.append(
                Milestone(
                    milestone.type,
                    milestone.occurred_at,
                    later,
                    milestone.source,
                    milestone.event_id,
                    holds=frozenset({LARGE} if chooser.random() < 0.5 else ()),
                )
            )
    return rows


@settings(max_examples=400, deadline=None)
@given(RULES, histories(), st.randoms(use_true_random=False))
def test_what_is_told_is_what_asking_at_every_instant_shows(
    watched: RepeatRule, history: list[Milestone], chooser: random.Random
) -> None:
    rows = amended(history, chooser)
    breach_proofs.is_what_asking_at_every_instant_shows(watched, rows, lambda known: naive(watched, known))


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    watched: RepeatRule, history: list[Milestone], chooser: random.Random
) -> None:
    breach_proofs.is_the_same_in_small_windows(watched, amended(history, chooser), chooser)


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    watched: RepeatRule, history: list[Milestone], minute: int
) -> None:
    breach_proofs.is_quiet_until_due(watched, history, minute)


@settings(max_examples=200, deadline=None)
@given(RULES, histories())
def test_what_is_told_last_is_what_one_question_in_the_end_answers(
    watched: RepeatRule, history: list[Milestone]
) -> None:
    breach_proofs.is_what_stands_in_the_end(watched, history)


def test_the_same_event_twice_is_no_second_one() -> None:
    assert alerts_at(rule(), ORDER, [event("posted", "1h"), event("posted", "1h", "2h")], at("3h")) == []


def test_the_nth_event_fires_and_names_the_first() -> None:
    history = [event("posted", "1h"), event("posted", "2h"), event("posted", "4h"), event("cancelled", "5h")]
    watched = rule(count=3, unless=("cancelled",))
    assert alerts_at(watched, ORDER, history, at("3h")) == []
    (firing,) = alerts_at(watched, ORDER, history, at("4h"))
    assert (firing.state, firing.started_at, firing.fired_at) == ("firing", at("1h"), at("4h"))
    assert firing.reason == (
        "posted at 2026-01-05T13:00:00Z (crm) was number 3, the first being posted at 2026-01-05T10:00:00Z (crm)."
    )
    (ended,) = alerts_at(watched, ORDER, history, at("6h"))
    assert (ended.state, ended.resolved_at) == ("resolved", at("5h"))


@pytest.mark.parametrize(("within", "fired"), [(HOUR, 1), (HOUR - timedelta(microseconds=1), 0)])
def test_exactly_the_window_apart_is_within_it(within: timedelta, fired: int) -> None:
    alerts = alerts_at(rule(within=within), ORDER, [event("posted", "1h"), event("posted", "2h")], at("3h"))
    assert len(alerts) == fired


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "the latest first"])
def test_an_object_with_many_events_is_read_in_whatever_order_they_arrive(step: int) -> None:
    count = 20_000
    arrived_at = START + timedelta(days=200)
    history = [
        Milestone("posted", START + number * MINUTE, arrived_at + step * number * MINUTE, "crm", str(number))
        for number in range(count)
    ]
    told = transitions(rule(count=3, within=2 * MINUTE), ORDER, history, None, START + timedelta(days=600))
    assert told[-1].fired_at == START + 2 * MINUTE
