"""What must not happen while something lasts: what is told of it, against a naive reading."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.milestone import Milestone
from domain.sequence_rule import NotWhileRule
from rules.alert_state import alerts_at, transitions
from rules.kinds.milestone import event_clock
from tests.unit.rules import breach_proofs
from tests.unit.rules.breach_proofs import THROUGH
from tests.unit.rules.breach_reference import Finding
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, START, at, event, histories


def rule(**changes: object) -> NotWhileRule:
    """No order.posted while the order is held, with the changes given."""
    plain: dict[str, object] = {
        "object_type": "order",
        "event_type": "posted",
        "from_type": "held",
        "until_type": "released",
        **changes,
    }
    return NotWhileRule(group="order_to_bill", name="PostedOnHold", version="v1", **plain)  # type: ignore[arg-type]


def naive(watched: NotWhileRule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """Every event behind a `from` with no `until` at or after that `from` and at or before the event."""
    froms = [m.occurred_at for m in known if m.type == watched.from_type]
    untils = [m.occurred_at for m in known if m.type == watched.until_type]
    found = {}
    for event_ in known:
        at_ = event_.occurred_at
        if event_.type != watched.event_type or (watched.where and watched.where not in event_.holds):
            continue
        if any(begin <= at_ and not any(begin <= end <= at_ for end in untils) for begin in froms):
            endings = [m.occurred_at for m in known if m.type in watched.unless and m.occurred_at >= at_]
            found[event_clock(event_)] = Finding((event_.source, event_.event_id), at_, min(endings, default=None))
    return found


RULES = st.builds(
    rule,
    where=st.sampled_from([None, LARGE]),
    unless=st.sampled_from([(), ("cancelled",), ("released",)]),
    event_type=st.sampled_from(["posted", "approved"]),
)


@settings(max_examples=400, deadline=None)
@given(RULES, histories())
def test_what_is_told_is_what_asking_at_every_instant_shows(watched: NotWhileRule, history: list[Milestone]) -> None:
    breach_proofs.is_what_asking_at_every_instant_shows(watched, history, lambda known: naive(watched, known))


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    watched: NotWhileRule, history: list[Milestone], chooser: random.Random
) -> None:
    breach_proofs.is_the_same_in_small_windows(watched, history, chooser)


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    watched: NotWhileRule, history: list[Milestone], minute: int
) -> None:
    breach_proofs.is_quiet_until_due(watched, history, minute)


@settings(max_examples=200, deadline=None)
@given(RULES, histories())
def test_what_is_told_last_is_what_one_question_in_the_end_answers(
    watched: NotWhileRule, history: list[Milestone]
) -> None:
    breach_proofs.is_what_stands_in_the_end(watched, history)


@pytest.mark.parametrize(
    ("history", "fired"),
    [
        pytest.param([event("held", "1h"), event("posted", "1h")], 1, id="at the beginning is inside"),
        pytest.param(
            [event("held", "30m"), event("posted", "1h"), event("released", "1h")], 0, id="at the end is outside"
        ),
        pytest.param(
            [event("held", "1h"), event("released", "1h"), event("posted", "2h")], 0, id="ended where it began"
        ),
        pytest.param(
            [event("held", "1h"), event("held", "2h"), event("released", "3h"), event("posted", "4h")],
            0,
            id="one end is enough for two beginnings",
        ),
        pytest.param([event("released", "1h"), event("posted", "2h")], 0, id="an end by itself begins nothing"),
    ],
)
def test_equal_instants_and_nested_stretches(history: list[Milestone], fired: int) -> None:
    assert len(alerts_at(rule(), ORDER, history, at("5h"))) == fired


def test_a_release_that_arrives_late_takes_back_only_what_it_covers() -> None:
    history = [
        event("held", "1m"),
        event("posted", "10m"),
        event("posted", "20m"),
        event("released", "15m", "30m"),
    ]
    told = transitions(rule(), ORDER, history, None, THROUGH)
    assert [(alert.state, alert.fired_at) for alert in told] == [
        ("firing", at("10m")),
        ("firing", at("20m")),
        ("retracted", at("20m")),
    ]
    assert told[0].reason == (
        "posted at 2026-01-05T09:10:00Z (crm) came after held at 2026-01-05T09:01:00Z (crm) and before any released."
    )
    assert told[-1].reason.startswith("Retracted: later events show that posted did not come between held and released")


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "the latest first"])
def test_an_object_with_many_events_is_read_in_whatever_order_they_arrive(step: int) -> None:
    count = 20_000
    types = ("held", "posted", "released", "posted")
    arrived_at = START + timedelta(days=200)
    history = [
        Milestone(types[number % 4], START + number * MINUTE, arrived_at + step * number * MINUTE, "crm", str(number))
        for number in range(count)
    ]
    told = transitions(rule(), ORDER, history, None, START + timedelta(days=600))
    assert sum({"firing": 1, "retracted": -1}[alert.state] for alert in told) == count // 4
