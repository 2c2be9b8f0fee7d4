"""Survival curves: a published example worked by hand, a plain reading of the definition, and what is unknown."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kaplan_meier import FINEST_STEP, estimate
from domain.survival import SurvivalCurve

# Weeks in remission of 21 children under 6-mercaptopurine: E. J. Freireich et al., Blood 21 (1963), 699-716. The
# figures are those that textbooks print of it (D. R. Cox, D. Oakes, Analysis of Survival Data, 1984, chapter 1).
RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
IN_REMISSION = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]

Cases = list[tuple[int, bool]]
CASES = st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40)


def curve(cases: Cases) -> SurvivalCurve:
    times = np.array([time for time, _ in cases], dtype=np.int64)
    return estimate(times, np.array([done for _, done in cases], dtype=np.bool_))


REMISSION = curve([*((week, True) for week in RELAPSED), *((week, False) for week in IN_REMISSION)])


def test_the_published_remission_times_give_the_published_curve() -> None:
    errors = [share * math.sqrt(sum_) for share, sum_ in zip(REMISSION.survival, REMISSION.variance, strict=True)]

    assert REMISSION.times == (6, 7, 10, 13, 16, 22, 23)
    assert [round(share, 4) for share in REMISSION.survival] == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert [round(error, 4) for error in errors] == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert REMISSION.waiting == (17, 16, 13, 11, 10, 6, 5)
    assert (REMISSION.cases, REMISSION.completed, REMISSION.longest) == (21, 9, 35)


def test_its_interval_is_the_published_one_on_the_log_log_scale() -> None:
    chance = REMISSION.chance(16, 0)

    assert chance is not None
    assert (round(chance.low, 3), round(chance.high, 3), chance.cases) == (0.368, 0.805, 21)


def test_the_chance_of_one_that_waited_is_by_those_that_waited_as_long() -> None:
    chance = REMISSION.chance(16, 10)

    # Of the 13 that waited for more than 10 weeks one of 12 relapses at 13 and one of 11 at 16.
    assert chance is not None
    assert chance.chance == pytest.approx(11 / 12 * 10 / 11)
    assert chance.cases == 13


def test_beyond_the_longest_observation_nothing_is_known_unless_all_completed() -> None:
    assert REMISSION.longer_than(35) == pytest.approx(0.4482, abs=1e-4)
    assert REMISSION.longer_than(36) is None
    assert REMISSION.chance(36, 10) is None
    assert REMISSION.likely_from(36, 0.1) is None
    completed = curve([(3, True), (9, True)])
    assert completed.longer_than(40) == 0
    none_missed = completed.chance(40, 5)
    assert none_missed is not None
    assert (none_missed.chance, none_missed.low, none_missed.cases) == (0.0, 0.0, 1)
    assert none_missed.high == pytest.approx(0.975)
    assert completed.chance(40, 9) is None


def test_without_cases_nothing_is_known() -> None:
    nothing = curve([])

    assert nothing == SurvivalCurve((), (), (), (), 0, 0, None)
    assert (nothing.longer_than(0), nothing.chance(4, 0), nothing.likely_from(4, 0.5)) == (None, None, None)


def test_where_none_that_waited_made_it_the_interval_is_that_of_so_many_misses_in_a_row() -> None:
    chance = curve([(1, True)] * 10 + [(9, True)] * 20).chance(5, 1)

    assert chance is not None
    assert (chance.chance, chance.high, chance.cases) == (1.0, 1.0, 20)
    assert chance.low == pytest.approx(0.025 ** (1 / 20))


def plain_survival(cases: Cases, time: int) -> Fraction:
    """The product over the times of completion, as it is defined."""
    share = Fraction(1)
    for one in sorted({at for at, done in cases if done and at <= time}):
        waiting = sum(at >= one for at, _ in cases)
        share *= 1 - Fraction(sum(done and at == one for at, done in cases), waiting)
    return share


@given(CASES, st.integers(0, 35))
def test_a_curve_is_the_product_over_the_times_of_completion(cases: Cases, time: int) -> None:
    longest = max((at for at, _ in cases), default=-1)
    expected = plain_survival(cases, time)
    # Some that were last seen waiting, and nothing after that.
    is_unknown = not cases or (time > longest and plain_survival(cases, longest) > 0)

    found = curve(cases).longer_than(time)

    assert found == (None if is_unknown else pytest.approx(float(expected), abs=1e-12))


@given(CASES, st.integers(1, 30), st.sampled_from([Fraction(1, 2), Fraction(4, 5), Fraction(9, 10), Fraction(1, 3)]))
def test_likely_from_is_the_first_time_at_which_the_chance_is_reached(
    cases: Cases, window: int, chance: Fraction
) -> None:
    longest = max((at for at, _ in cases), default=-1)
    missing = plain_survival(cases, window)
    is_known = window <= longest or plain_survival(cases, longest) == 0
    expected = None
    if cases and missing and is_known:
        waits = (time for time in range(window + 1) if missing >= chance * plain_survival(cases, time))
        expected = next(waits, None)

    assert curve(cases).likely_from(window, float(chance)) == expected


def test_a_curve_of_very_many_cases_has_few_steps_and_stays_close() -> None:
    times = np.random.default_rng(7).lognormal(3, 1, 200_000) * 1e6
    whole = np.sort(times.astype(np.int64))

    found = estimate(whole, np.ones(len(whole), dtype=np.bool_))

    assert len(found.times) < 2500
    for time in whole[::5000].tolist():
        exact = (whole > time).mean()
        known = found.longer_than(time)
        assert known is not None
        assert exact <= known * (1 + 1e-9) <= exact / (1 - FINEST_STEP) * (1 + 1e-6)
