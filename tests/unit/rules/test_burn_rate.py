"""Burn rates: the windows of multi-window, multi-burn-rate alerts over counts of five minutes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.series_rule import BurnRateRule
from rules.kinds.burn_rate import DEFAULT_WINDOWS, STEP, Count, advance
from rules.kinds.grid import GridState
from rules.kinds.series_told import SeriesTold
from tests.unit.rules.histories import START, rule

HOUR = timedelta(hours=1)
SLO = BurnRateRule(
    group="slo",
    name="PostingBurns",
    version="1",
    objective=Fraction(99, 100),
    target=rule(),
    over=timedelta(days=30),
    windows=DEFAULT_WINDOWS,
    minimum=10,
)


def counts(first: datetime, steps: int, good: int, bad: int) -> list[Count]:
    """So many clocks every five minutes, known at once."""
    return [Count(first + number * STEP, first + number * STEP, good, bad) for number in range(steps)]


def told(counted: Sequence[Count], through: datetime, watched: BurnRateRule = SLO) -> list[SeriesTold]:
    return advance(watched, GridState(), counted, START - timedelta(days=3), through)


def test_an_objective_that_is_kept_burns_nothing() -> None:
    assert told(counts(START, 144, good=199, bad=1), START + 12 * HOUR) == []


def test_a_fast_burn_pages_and_stops_soon_after_it_is_over() -> None:
    calm = counts(START, 72, good=20, bad=0)
    outage = counts(START + 6 * HOUR, 12, good=10, bad=10)
    after = counts(START + 7 * HOUR, 24, good=20, bad=0)
    changes = told([*calm, *outage, *after], START + 9 * HOUR)
    pages = [(change.state.value, change.known_at) for change in changes if change.severity == "critical"]
    # 14.4 times a budget of 1% is 14.4% of an hour's clocks: four of its twelve steps at a half.
    assert pages[0] == ("firing", START + 6 * HOUR + 3 * STEP)
    assert [state for state, _ in pages] == ["firing", "resolved"]
    assert pages[1][1] <= START + 7 * HOUR + timedelta(minutes=30)
    assert changes[0].reason.startswith("OrderNotPosted spends the error budget of 99% over 30d ")


def test_a_slow_burn_makes_a_ticket_and_does_not_page() -> None:
    changes = told(counts(START, 12 * 72, good=98, bad=2), START + 72 * HOUR)
    assert {(change.severity, change.state.value) for change in changes} == {("warning", "firing")}


def test_fewer_clocks_than_the_minimum_say_nothing() -> None:
    few = [Count(START, START, 0, 9)]
    assert told(few, START + HOUR) == []
    # One more is enough, for all windows that end in those minutes.
    assert {change.severity for change in told([*few, Count(START, START, 0, 1)], START)} == {"critical", "warning"}


def test_an_empty_short_window_neither_fires_nor_resolves() -> None:
    watched = replace(SLO, windows=DEFAULT_WINDOWS[:1])
    changes = told(counts(START, 1, good=0, bad=20), START + 3 * HOUR, watched)
    # Nothing happens for an hour, after which nothing was spent in the long window either.
    assert [(change.state.value, change.known_at) for change in changes] == [
        ("firing", START),
        ("resolved", START + HOUR),
    ]


def test_what_late_events_take_back_counts_from_when_it_is_known() -> None:
    watched = replace(SLO, windows=DEFAULT_WINDOWS[:1])
    wrong = [Count(START, START, 0, 20), Count(START, START + 2 * STEP, 20, -20)]
    changes = told(wrong, START + HOUR, watched)
    assert [(change.state.value, change.known_at) for change in changes] == [
        ("firing", START),
        ("resolved", START + 2 * STEP),
    ]


# (which five minutes, how many of them later it is known, good, bad): sparse, so that windows empty and fill again.
COUNTED = st.tuples(st.integers(-40, 900), st.integers(0, 80), st.integers(-5, 30), st.integers(-5, 30))


@settings(max_examples=40)
@given(st.lists(COUNTED, max_size=8), st.sampled_from([timedelta(0), timedelta(minutes=2)]))
def test_looking_once_tells_the_same_as_looking_every_five_minutes(
    counted: list[tuple[int, int, int, int]], off: timedelta
) -> None:
    first = START + off
    some = [Count(first + at * STEP, first + (at + later) * STEP, good, bad) for at, later, good, bad in counted]
    state, often = GridState(), []
    after, through = START - STEP, START + 900 * STEP
    once = advance(SLO, GridState(), some, after, through)
    for number in range(901):
        often += advance(SLO, state, some, after + number * STEP, after + (number + 1) * STEP)

    assert once == often
