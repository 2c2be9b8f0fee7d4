"""Sequences: what is told of an event that came without what it requires, against a naive reading."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.milestone import Milestone
from domain.rule import SequenceRule
from rules.alert_state import alerts_at, next_due, transitions
from tests.unit.rules.breach_reference import Finding, simulate, told_changes
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, START, at, event, histories

THROUGH = START + 80 * MINUTE


def rule(**changes: object) -> SequenceRule:
    """order.posted must not come without order.approved, with the changes given."""
    plain: dict[str, object] = {"object_type": "order", "event_type": "posted", "requires": "approved", **changes}
    return SequenceRule(group="order_to_bill", name="PostedUnapproved", version="v1", **plain)  # type: ignore[arg-type]


def naive(watched: SequenceRule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """The first event, unless a required one occurred at or before it; the first required one mends it."""
    required = [m.occurred_at for m in known if m.type == watched.requires]
    for milestone in known:
        if milestone.type == watched.event_type and (not watched.where or watched.where in milestone.holds):
            if any(instant <= milestone.occurred_at for instant in required):
                return {}
            identity = (milestone.source, milestone.event_id)
            return {"": Finding(identity, milestone.occurred_at, min(required, default=None))}
    return {}


RULES = st.builds(rule, where=st.sampled_from([None, LARGE]))


@settings(max_examples=400, deadline=None)
@given(RULES, histories())
def test_what_is_told_is_what_asking_at_every_instant_shows(watched: SequenceRule, history: list[Milestone]) -> None:
    told = told_changes(transitions(watched, ORDER, history, None, THROUGH))
    assert told == simulate(watched, ORDER, history, lambda known: naive(watched, known), THROUGH)


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    watched: SequenceRule, history: list[Milestone], chooser: random.Random
) -> None:
    whole = told_changes(transitions(watched, ORDER, history, None, THROUGH))
    pieces = []
    after = None
    for minutes in (*sorted(chooser.choice(range(-5, 80)) for _ in range(6)), 80):
        through = START + minutes * MINUTE
        arrived = [row for row in history if row.received_at <= through]
        chooser.shuffle(arrived)
        pieces += transitions(watched, ORDER, arrived, after, through)
        after = through
    assert told_changes(pieces) == whole


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    watched: SequenceRule, history: list[Milestone], minute: int
) -> None:
    through = START + minute * MINUTE
    arrived = [row for row in history if row.received_at <= through]
    due = next_due(watched, arrived, through)
    until = due - timedelta(microseconds=1) if due else THROUGH + 240 * MINUTE
    assert transitions(watched, ORDER, arrived, through, until) == []


def test_what_is_required_and_occurs_at_the_same_instant_is_in_time() -> None:
    assert alerts_at(rule(), ORDER, [event("posted", "1h"), event("approved", "1h")], at("2h")) == []


def test_the_reason_says_what_is_missing_and_what_mended_it() -> None:
    posted, approved = event("posted", "1h"), event("approved", "2h")
    (firing,) = alerts_at(rule(), ORDER, [posted, approved], at("90m"))
    assert firing.reason == "posted at 2026-01-05T10:00:00Z (crm) came without approved."
    (mended,) = alerts_at(rule(), ORDER, [posted, approved], at("3h"))
    assert (mended.state, mended.resolved_at) == ("resolved", at("2h"))
    assert mended.reason.endswith("came without approved, and approved followed at 2026-01-05T11:00:00Z.")


def test_an_approval_that_arrives_late_takes_the_alert_back() -> None:
    history = [event("posted", "1h"), event("approved", "30m", "2h")]
    told = transitions(rule(), ORDER, history, None, THROUGH + 120 * MINUTE)
    assert [alert.state for alert in told] == ["firing", "retracted"]
    assert told[-1].reason.startswith("Retracted: later events show approved before posted")
