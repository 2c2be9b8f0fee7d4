"""Sequences: what is told of an event that came without what it requires, or too early, against naive readings."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.milestone import Milestone
from domain.rule import SequenceRule
from domain.sequence_rule import NotBeforeRule
from rules.alert_state import alerts_at, transitions
from tests.unit.rules import breach_proofs
from tests.unit.rules.breach_proofs import THROUGH
from tests.unit.rules.breach_reference import Finding
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, at, event, histories

Rule = SequenceRule | NotBeforeRule


def rule(**changes: object) -> SequenceRule:
    """order.posted must not come without order.approved, with the changes given."""
    plain: dict[str, object] = {"object_type": "order", "event_type": "posted", "requires": "approved", **changes}
    return SequenceRule(group="order_to_bill", name="PostedUnapproved", version="v1", **plain)  # type: ignore[arg-type]


def not_before(**changes: object) -> NotBeforeRule:
    """order.posted must not come before order.approved, with the changes given."""
    plain: dict[str, object] = {"object_type": "order", "event_type": "posted", "not_before": "approved", **changes}
    return NotBeforeRule(group="order_to_bill", name="PostedEarly", version="v1", **plain)  # type: ignore[arg-type]


def naive(watched: Rule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """The first event that counts, compared with every other; the first that mends or ends it does."""
    for milestone in known:
        if milestone.type == watched.event_type and (not watched.where or watched.where in milestone.holds):
            return naive_of_first(watched, milestone, known)
    return {}


def naive_of_first(watched: Rule, first: Milestone, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    identity = (first.source, first.event_id)
    if isinstance(watched, SequenceRule):
        required = [m.occurred_at for m in known if m.type == watched.requires]
        if any(instant <= first.occurred_at for instant in required):
            return {}
        return {"": Finding(identity, first.occurred_at, ended(watched, known, first.occurred_at, required))}
    others = [m.occurred_at for m in known if m.type == watched.not_before]
    if not others or first.occurred_at >= min(others):
        return {}
    return {"": Finding(identity, min(others), ended(watched, known, min(others), []))}


def ended(watched: Rule, known: Sequence[Milestone], since: datetime, mending: Sequence[datetime]) -> datetime | None:
    endings = [m.occurred_at for m in known if m.type in watched.unless and m.occurred_at >= since]
    return min([*endings, *mending], default=None)


CHANGES = {"where": st.sampled_from([None, LARGE]), "unless": st.sampled_from([(), ("cancelled", "held")])}
RULES = st.builds(rule, **CHANGES) | st.builds(not_before, **CHANGES)


@settings(max_examples=400, deadline=None)
@given(RULES, histories())
def test_what_is_told_is_what_asking_at_every_instant_shows(watched: Rule, history: list[Milestone]) -> None:
    breach_proofs.is_what_asking_at_every_instant_shows(watched, history, lambda known: naive(watched, known))


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    watched: Rule, history: list[Milestone], chooser: random.Random
) -> None:
    breach_proofs.is_the_same_in_small_windows(watched, history, chooser)


@settings(max_examples=200, deadline=None)
@given(RULES, histories(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    watched: Rule, history: list[Milestone], minute: int
) -> None:
    breach_proofs.is_quiet_until_due(watched, history, minute)


@settings(max_examples=200, deadline=None)
@given(RULES, histories())
def test_what_is_told_last_is_what_one_question_in_the_end_answers(watched: Rule, history: list[Milestone]) -> None:
    breach_proofs.is_what_stands_in_the_end(watched, history)


@pytest.mark.parametrize("watched", [rule(), not_before()], ids=["requires", "not_before"])
def test_two_events_at_the_same_instant_are_in_order(watched: Rule) -> None:
    assert alerts_at(watched, ORDER, [event("posted", "1h"), event("approved", "1h")], at("2h")) == []


def test_the_reason_says_what_is_missing_and_what_mended_it() -> None:
    posted, approved = event("posted", "1h"), event("approved", "2h")
    (firing,) = alerts_at(rule(), ORDER, [posted, approved], at("90m"))
    assert firing.reason == "posted at 2026-01-05T10:00:00Z (crm) came without approved."
    (mended,) = alerts_at(rule(), ORDER, [posted, approved], at("3h"))
    assert (mended.state, mended.resolved_at) == ("resolved", at("2h"))
    assert mended.reason.endswith("came without approved, and approved at 2026-01-05T11:00:00Z (crm) followed.")


def test_an_approval_that_arrives_late_takes_the_alert_back() -> None:
    history = [event("posted", "1h"), event("approved", "30m", "2h")]
    told = transitions(rule(), ORDER, history, None, THROUGH + 120 * MINUTE)
    assert [alert.state for alert in told] == ["firing", "retracted"]
    assert told[-1].reason.startswith("Retracted: later events show approved before posted")


def test_what_must_not_come_before_fires_when_the_other_comes() -> None:
    history = [event("posted", "1h"), event("approved", "3h"), event("cancelled", "5h")]
    watched = not_before(unless=("cancelled",))
    assert alerts_at(watched, ORDER, history, at("2h")) == []
    (firing,) = alerts_at(watched, ORDER, history, at("4h"))
    assert (firing.state, firing.started_at, firing.fired_at) == ("firing", at("1h"), at("3h"))
    assert firing.reason == ("posted at 2026-01-05T10:00:00Z (crm) came before approved at 2026-01-05T12:00:00Z (crm).")
    (ended,) = alerts_at(watched, ORDER, history, at("6h"))
    assert (ended.state, ended.resolved_at) == ("resolved", at("5h"))
    assert ended.reason.endswith(", and cancelled at 2026-01-05T14:00:00Z (crm) ended it.")


def test_what_ends_it_at_the_very_instant_keeps_it_quiet() -> None:
    history = [event("posted", "1h"), event("approved", "3h"), event("cancelled", "3h")]
    assert alerts_at(not_before(unless=("cancelled",)), ORDER, history, at("4h")) == []
