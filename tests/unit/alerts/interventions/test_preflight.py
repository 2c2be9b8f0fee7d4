"""The pre-flight: hand-made cases with the words people read, and every mixture against a plain reference."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.interventions.config import InterventionConfig
from alerts.interventions.preflight import Finding, Grounds, Situation, judge, state_after
from domain.intervention import InterventionState, Verdict
from domain.milestone import Milestone
from domain.period import Months, Periods, PeriodScheme
from tests.builders import NOW
from tests.unit.alerts.interventions.examples import MACHINE, intervention, milestone, repost

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GROUNDS = Grounds(MACHINE, Periods(PeriodScheme("default", Months(), "UTC")))
APPROVED = milestone("order.approved", NOW - 60 * MINUTE)


def looked_at(
    *history: Milestone,
    config: InterventionConfig | None = None,
    under_way: Sequence[InterventionState] = (),
    tries: Sequence[datetime] = (),
    unwritten: str = "",
    now: datetime = NOW,
) -> Finding:
    others = [intervention(state) for state in under_way]
    situation = Situation(history, "DE01", others, tries, unwritten)
    return judge(config or repost(), situation, GROUNDS, now)


def conflict(reason: str) -> Finding:
    return Finding(Verdict.CONFLICT, reason)


def test_what_is_owed_will_apply() -> None:
    assert looked_at(APPROVED) == Finding(Verdict.WILL_APPLY, "order.posted has not come")


def test_what_has_come_is_not_needed() -> None:
    posted = milestone("order.posted", NOW - 5 * MINUTE)

    assert looked_at(APPROVED, posted) == Finding(Verdict.NO_OP, "order.posted occurred at 2026-11-02T11:55:00Z")


def test_nothing_is_called_about_an_object_that_nobody_knows() -> None:
    assert looked_at() == conflict("nothing is known of it")


def test_a_milestone_may_be_owed_anew() -> None:
    again = repost(expects={"milestone": "order.posted", "within": "10m", "after": "order.held"})
    posted = milestone("order.posted", NOW - 50 * MINUTE)
    machine = Grounds(None, GROUNDS.periods)
    held = milestone("order.held", NOW - 20 * MINUTE)
    situation = Situation((APPROVED, posted, held), "DE01", (), ())

    assert judge(again, situation, machine, NOW).verdict is Verdict.WILL_APPLY
    assert looked_at(APPROVED, posted, config=again) == conflict(
        "order.held, after which order.posted is owed, has not come"
    )


@pytest.mark.parametrize("state", [state for state in InterventionState if state.is_under_way])
def test_the_same_call_is_not_made_while_one_is_under_way(state: InterventionState) -> None:
    other = intervention(state)

    assert looked_at(APPROVED, under_way=[state]) == conflict(
        f"the same call of run otherrun is {state}: {other.intervention_id[:16]}"
    )


def test_a_closed_period_is_a_conflict() -> None:
    now = datetime(2026, 12, 1, tzinfo=NOW.tzinfo)

    assert looked_at(APPROVED, now=now) == conflict("period 2026-11 of DE01 was closed at 2026-11-30T23:59:59.999999Z")
    assert looked_at(APPROVED, now=now - 2 * timedelta(microseconds=1)).verdict is Verdict.WILL_APPLY
    assert looked_at(APPROVED, config=repost(period="any"), now=now).verdict is Verdict.WILL_APPLY


def test_a_transition_that_the_contract_forbids_is_a_conflict() -> None:
    held = milestone("order.held", NOW - 5 * MINUTE)

    assert looked_at(APPROVED, held) == conflict(
        "it is in state held, where the contract allows order.cancelled, order.released, not order.posted"
    )
    assert looked_at(APPROVED, held, milestone("order.released")).verdict is Verdict.WILL_APPLY


def test_events_of_one_instant_are_taken_in_the_order_that_makes_sense() -> None:
    at = NOW - 5 * MINUTE
    same = [milestone("order.held", at), milestone("order.approved", at), milestone("order.released", at)]

    for order in permutations(same):
        assert state_after(MACHINE, order) == "approved"


def test_a_request_that_cannot_be_written_is_a_conflict() -> None:
    assert looked_at(APPROVED, unwritten="currency is not known, and the call needs it") == conflict(
        "currency is not known, and the call needs it"
    )


def test_a_rate_that_is_used_up_is_a_conflict() -> None:
    config = repost(rate_limit={"calls": 2, "per": "10m"})
    tries = [NOW - 10 * MINUTE, NOW - 9 * MINUTE, NOW - MINUTE]

    assert looked_at(APPROVED, config=config, tries=tries) == conflict(
        "the rate limit of 2 in 10m is used up until 2026-11-02T12:01:00Z"
    )
    assert looked_at(APPROVED, config=config, tries=tries[:2]).verdict is Verdict.WILL_APPLY
    assert looked_at(APPROVED, tries=tries).verdict is Verdict.WILL_APPLY


TYPES = ("order.approved", "order.held", "order.released", "order.posted", "order.cancelled", "order.seen")
MILESTONES = st.builds(
    lambda type_, minutes, number: milestone(type_, NOW - minutes * MINUTE, name=str(number)),
    st.sampled_from(TYPES),
    st.integers(-3, 120) | st.integers(-3, 60 * 24 * 40),
    st.integers(),
)
HISTORIES = st.lists(MILESTONES, max_size=8, unique_by=lambda one: one.occurred_at).map(
    lambda found: sorted(found, key=lambda one: one.order)
)
CONFIGS = st.builds(
    lambda after, period, limit: repost(
        expects={"milestone": "order.posted", "within": "10m", **({"after": after} if after else {})},
        period=period,
        rate_limit=limit,
    ),
    st.sampled_from((None, "order.approved", "order.released")),
    st.sampled_from(("open", "any")),
    st.sampled_from((None, {"calls": 1, "per": "5m"}, {"calls": 3, "per": "1h"})),
)


@settings(max_examples=1000)
@given(
    CONFIGS,
    HISTORIES,
    st.just([]) | st.lists(st.sampled_from([state for state in InterventionState if state.is_under_way]), max_size=1),
    st.lists(st.integers(0, 90).map(lambda minutes: NOW - minutes * MINUTE), max_size=5),
    st.sampled_from(("", "currency is not known, and the call needs it")),
)
def test_a_verdict_is_that_of_a_plain_reference(
    config: InterventionConfig,
    history: list[Milestone],
    under_way: list[InterventionState],
    tries: list[datetime],
    unwritten: str,
) -> None:
    found = looked_at(*history, config=config, under_way=under_way, tries=tries, unwritten=unwritten)

    assert found.verdict is plain_verdict(config, history, bool(under_way), tries, unwritten)


def plain_verdict(
    config: InterventionConfig, history: list[Milestone], is_under_way: bool, tries: list[datetime], unwritten: str
) -> Verdict:
    """What DESIGN says, in the plainest words: not needed comes first, then every reason not to."""
    seen = [(one.occurred_at, one.type) for one in history if one.occurred_at <= NOW + MINUTE]
    after = config.expects.after
    if not seen or (after and after not in [type_ for _, type_ in seen]):
        return Verdict.CONFLICT
    since = max(at for at, type_ in seen if type_ == after) if after else seen[0][0]
    if any(type_ == "order.posted" and at >= since - MINUTE for at, type_ in seen):
        return Verdict.NO_OP
    state = "new"
    for _, type_ in seen:
        if type_ != "order.seen":
            state = MACHINE.transitions[state].get(type_, state)
    limit = config.rate_limit
    is_closed = config.period == "open" and (since.year, since.month) < (NOW.year, NOW.month)
    is_illegal = "order.posted" not in MACHINE.transitions[state]
    is_full = limit is not None and sum(NOW - at < limit.per for at in tries) >= limit.calls
    is_wrong = is_under_way or is_closed or is_illegal or is_full or bool(unwritten)
    return Verdict.CONFLICT if is_wrong else Verdict.WILL_APPLY
