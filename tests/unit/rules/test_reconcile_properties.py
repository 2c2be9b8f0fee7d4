"""Two sides that must say the same of an object: what is told of it, against a naive reading at every instant anew."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.known_facts import with_known_facts
from domain.milestone import Facts, Milestone
from domain.reconcile_rule import ReconcileRule, Side
from tests.unit.rules import breach_proofs
from tests.unit.rules.breach_reference import Finding
from tests.unit.rules.histories import LARGE, MINUTE, START
from tests.unit.rules.sides import rule


def is_wrong(tested: ReconcileRule, known: Sequence[Milestone]) -> bool:
    if any(m.type in tested.unless for m in known):
        return False
    lefts = [m for m in known if tested.left.says(m) and (tested.where is None or tested.where in m.holds)]
    rights = [m for m in known if not tested.left.says(m) and (tested.right.says(m) or m.type in tested.less)]
    if not (lefts and rights):
        return "presence" in tested.on and bool(lefts or (rights and tested.where is None))
    return any(_differs(tested, field, lefts, rights) for field in tested.on if field != "presence")


def _differs(tested: ReconcileRule, field: str, lefts: Sequence[Milestone], rights: Sequence[Milestone]) -> bool:
    if field != "amount":
        said = [[v for m in side if (v := m.facts.stated_text(field))][-1:] for side in (lefts, rights)]
        return all(said) and said[0] != said[1]
    left, right = ([_amount(m) for m in side] for side in (lefts, rights))
    if not any(left):
        return False
    (amount, currency) = [stated for stated in left if stated][-1]
    if not tested.sums:
        if not any(right):
            return False
        other = [stated for stated in right if stated][-1]
        return other[1] != currency or _apart(tested, amount, other[0])
    currencies = {stated[1] for stated in right if stated}
    if len(currencies) > 1 or currencies - {currency}:
        return True
    if not all(right):
        return False
    signed = [-s[0] if m.type in tested.less else s[0] for m, s in zip(rights, right, strict=True) if s]
    return _apart(tested, amount, sum(signed, Fraction(0)))


def _amount(milestone: Milestone) -> tuple[Fraction, str] | None:
    amount, currency = milestone.facts.stated_amount, milestone.facts.currency
    return None if amount is None or not currency else (Fraction(amount), currency)


def _apart(tested: ReconcileRule, left: Fraction, right: Fraction) -> bool:
    return abs(left - right) > max(Fraction(tested.absolute), tested.relative * abs(left))


def naive(tested: ReconcileRule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """The last stretch of disagreement that lasts longer than `settle`, or lasts still."""
    known = [m for m in known if m.type in tested.event_types]
    wrong = [is_wrong(tested, known[: place + 1]) for place in range(len(known))]
    found: list[Finding] = []
    place = 0
    while place < len(known):
        if not wrong[place]:
            place += 1
            continue
        first = known[place]
        while place < len(known) and wrong[place]:
            place += 1
        ended_at = known[place].occurred_at if place < len(known) else None
        fires_at = first.occurred_at + tested.settle
        if ended_at is None or ended_at > fires_at:
            before = found[-1] if found else None
            found.append(Finding((first.source, first.event_id), fires_at, ended_at, before))
    return {"": found[-1]} if found else {}


MINUTES = st.integers(0, 12).map(lambda count: count * MINUTE)
RULES = st.one_of(
    st.builds(
        rule,
        on=st.sampled_from([("amount",), ("amount", "presence")]),
        less=st.sampled_from([(), ("held",)]),
        absolute=st.sampled_from([Decimal(0), Decimal("1.00"), Decimal(30)]),
        relative=st.sampled_from([Fraction(0), Fraction(1, 10)]),
        settle=MINUTES,
        where=st.sampled_from([None, LARGE]),
        unless=st.sampled_from([(), ("cancelled",)]),
    ),
    st.builds(
        rule,
        sums=st.just(False),
        left=st.sampled_from([Side(("approved",)), Side(("approved", "posted"), "a")]),
        right=st.sampled_from([Side(("posted",), "b"), Side(("posted", "held"), "b")]),
        on=st.sampled_from(
            [("amount",), ("currency", "presence"), ("presence",), ("attributes.tier", "region"), ("amount", "region")]
        ),
        settle=MINUTES,
        where=st.sampled_from([None, LARGE]),
        unless=st.sampled_from([(), ("cancelled",)]),
    ),
)


@st.composite
def stated(draw: st.DrawFn, longest: int = 9) -> list[Milestone]:
    """Histories in which events state amounts and more of their own, and what others inherit becomes known later."""
    parts = st.tuples(
        st.sampled_from(["approved", "posted", "posted", "posted", "held", "cancelled"]),
        st.integers(0, 24),
        st.sampled_from([0, 0, 0, 1, 3, 9, 20, -2]),
        st.sampled_from([None, "100", "50", "50", "100.5", "10", "-40"]),
        st.sampled_from(["EUR", "EUR", "EUR", "EUR", "USD", None]),
        st.sampled_from([None, None, "EMEA", "AMER"]),
        st.sampled_from([{}, {"tier": "gold"}, {"tier": "platinum"}]),
    )
    events = [
        Milestone(
            type=type_,
            occurred_at=START + occurred * MINUTE,
            received_at=START + (occurred + delay) * MINUTE,
            source="ab"[number % 2],
            event_id=str(number),
            facts=Facts(Decimal(amount) if amount else None, currency, None, region, attributes),
        )
        for number, (type_, occurred, delay, amount, currency, region, attributes) in enumerate(
            draw(st.lists(parts, max_size=longest))
        )
    ]
    rows = with_known_facts(events)
    return [replace(row, holds=frozenset([LARGE])) if (row.facts.amount or 0) >= 50 else row for row in rows]


@settings(max_examples=500, deadline=None)
@given(RULES, stated())
def test_what_is_told_is_what_asking_at_every_instant_shows(tested: ReconcileRule, history: list[Milestone]) -> None:
    breach_proofs.is_what_asking_at_every_instant_shows(tested, history, lambda known: naive(tested, known))


@settings(max_examples=200, deadline=None)
@given(RULES, stated(), st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    tested: ReconcileRule, history: list[Milestone], chooser: random.Random
) -> None:
    breach_proofs.is_the_same_in_small_windows(tested, history, chooser)


@settings(max_examples=200, deadline=None)
@given(RULES, stated(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    tested: ReconcileRule, history: list[Milestone], minute: int
) -> None:
    breach_proofs.is_quiet_until_due(tested, history, minute)


@settings(max_examples=200, deadline=None)
@given(RULES, stated())
def test_what_is_told_last_is_what_one_question_in_the_end_answers(
    tested: ReconcileRule, history: list[Milestone]
) -> None:
    breach_proofs.is_what_stands_in_the_end(tested, history)
