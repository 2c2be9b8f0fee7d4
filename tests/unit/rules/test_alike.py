"""Two objects that are alike: what is told of them, against a naive reading."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.milestone import Facts, Milestone
from rules.alike import shared_keys, standing_alerts, told_of_pair
from storage.alike import SharedKeys
from tests.unit.rules.breach_reference import Change, Finding, simulate, told_changes
from tests.unit.rules.histories import MINUTE, START
from tests.unit.rules.test_likeness import rule

ONE, OTHER = "C-1", "C-2"
THROUGH = START + 80 * MINUTE
WATCHED = rule(attributes=("email", "tax_id"), described_by=("created", "updated"), unless=("merged",))


def described(object_id: str, number: int, type_: str, occurred: int, delay: int, **attributes: str) -> Milestone:
    """An event of an object, its source, so many minutes after the beginning, received so many later."""
    occurred_at = START + occurred * MINUTE
    facts = Facts(attributes=attributes)
    return Milestone(type_, occurred_at, occurred_at + delay * MINUTE, object_id, str(number), facts=facts)


_EVENTS = st.tuples(
    st.sampled_from([ONE, OTHER]),
    st.sampled_from(["created", "updated", "updated", "merged"]),
    st.integers(0, 24),
    st.sampled_from([0, 0, 0, 1, 3, 9, 20, -2]),
    st.sampled_from([{}, {"tax_id": "DE1111"}, {"tax_id": "1111"}, {"tax_id": "DE2222"}, {"tax_id": "n/a"}]),
    st.sampled_from([{}, {}, {"email": "a@b.example"}, {"email": "A@B.example"}, {"email": "c@d.example"}]),
)


def histories() -> st.SearchStrategy[dict[str, list[Milestone]]]:
    """The events of two objects, in no order."""
    return st.lists(_EVENTS, max_size=12).map(_histories)


def _histories(
    drawn: Sequence[tuple[str, str, int, int, dict[str, str], dict[str, str]]],
) -> dict[str, list[Milestone]]:
    found: dict[str, list[Milestone]] = {ONE: [], OTHER: []}
    for number, (object_id, type_, occurred, delay, tax_id, email) in enumerate(drawn):
        found[object_id].append(described(object_id, number, type_, occurred, delay, **tax_id, **email))
    return found


def naive(known: Sequence[Milestone], later: str) -> Mapping[str, Finding]:
    """Asks at every instant there is whether the two are alike; the last stretch in which they are is what counts."""
    begun: Milestone | None = None
    ended: datetime | None = None
    for instant in sorted({m.occurred_at for m in known}):
        sides = [side(known, object_id, instant) for object_id in (ONE, OTHER)]
        if None not in sides and same(*sides):  # type: ignore[arg-type]
            if begun is None or ended is not None:
                by = [m for m in known if m.source == later and m.occurred_at <= instant and m.type != "merged"]
                begun, ended = replace(by[-1], occurred_at=instant), None
        elif begun is not None and ended is None:
            ended = instant
    firsts = {m.source: m for m in reversed(known) if m.type != "merged"}
    if begun is None or max(firsts.values(), key=lambda m: (m.occurred_at, m.source)).source != later:
        return {}
    clock = ONE if later == OTHER else OTHER
    return {clock: Finding((begun.source, begun.event_id), begun.occurred_at, ended)}


def side(known: Sequence[Milestone], object_id: str, at: datetime) -> dict[str, str] | None:
    """What was last stated of an object by an instant; None where it is not there (any more)."""
    own = [m for m in known if m.source == object_id and m.occurred_at <= at]
    described_at = max((m.occurred_at for m in own if m.type != "merged"), default=None)
    merged_at = max((m.occurred_at for m in own if m.type == "merged"), default=None)
    if described_at is None or (merged_at is not None and merged_at >= described_at):
        return None
    stated: dict[str, str] = {}
    for milestone in own:
        if milestone.type != "merged":
            stated.update(milestone.facts.attributes)
    return stated


def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    numbers = [side.get("tax_id", "n/a").removeprefix("DE").replace("n/a", "") for side in (one, other)]
    if all(numbers):
        return numbers[0] == numbers[1]
    emails = [side.get("email", "").lower() for side in (one, other)]
    return bool(emails[0]) and emails[0] == emails[1]


def told(of_two: Mapping[str, Sequence[Milestone]], after: datetime | None, through: datetime) -> list[Alert]:
    """What is told of the two, as a tick finds it."""
    known = {id_: [m for m in history if m.received_at <= through] for id_, history in of_two.items()}
    pairs = shared_keys(WATCHED, known) or [SharedKeys(ONE, OTHER, frozenset())]
    return told_of_pair(WATCHED, pairs[0], known, after, through)[0]


def simulated(of_two: Mapping[str, Sequence[Milestone]]) -> list[Change]:
    both = [m for history in of_two.values() for m in history]
    found: list[Change] = []
    for later in (ONE, OTHER):
        object_ = BusinessObject("customer", later)
        found += simulate(WATCHED, object_, both, lambda known, later=later: naive(known, later), THROUGH)  # type: ignore[arg-type, misc]
    return sorted(found, key=lambda change: change[:2])


@settings(max_examples=500, deadline=None)
@given(histories())
def test_what_is_told_is_what_asking_at_every_instant_shows(of_two: dict[str, list[Milestone]]) -> None:
    assert told_changes(told(of_two, None, THROUGH)) == simulated(of_two)


@settings(max_examples=200, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    of_two: dict[str, list[Milestone]], chooser: random.Random
) -> None:
    pieces: list[Alert] = []
    after = None
    for minutes in (*sorted(chooser.choice(range(-5, 80)) for _ in range(6)), 80):
        through = START + minutes * MINUTE
        for history in of_two.values():
            chooser.shuffle(history)
        pieces += told(of_two, after, through)
        after = through
    assert told_changes(pieces) == told_changes(told(of_two, None, THROUGH))


@settings(max_examples=200, deadline=None)
@given(histories())
def test_what_is_told_last_is_what_one_question_in_the_end_answers(of_two: dict[str, list[Milestone]]) -> None:
    last = {alert.alert_id: alert for alert in told(of_two, None, THROUGH)}
    once = standing_alerts(WATCHED, of_two, THROUGH)
    assert {(a.alert_id, a.state, a.fired_at, a.resolved_at) for a in once} == {
        (a.alert_id, a.state, a.fired_at, a.resolved_at) for a in last.values() if a.state != "retracted"
    }


def test_the_later_is_alerted_and_says_why_and_until_when() -> None:
    history = {
        ONE: [described(ONE, 1, "created", 0, 0, tax_id="DE1111", email="a@b.example")],
        OTHER: [described(OTHER, 2, "created", 10, 0, tax_id="de 1111"), described(OTHER, 3, "merged", 20, 0)],
    }
    firing, resolved = told(history, None, THROUGH)
    assert (firing.business_object.id, firing.fired_at) == (OTHER, START + 10 * MINUTE)
    assert firing.reason == "customer C-2 is thought to be the same as C-1: the same tax id."
    assert (resolved.state, resolved.resolved_at) == ("resolved", START + 20 * MINUTE)
    assert resolved.reason.endswith("the same tax id, and merged at 2026-01-05T09:20:00Z (C-2) ended that.")
