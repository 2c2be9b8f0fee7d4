"""What is predicted matches what comes, within sampling error, where the distribution is known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.forecast_rule import EVERYTHING, ForecastRule
from domain.instants import to_micros
from domain.kaplan_meier import estimate
from rules.forecast_calibration import Calibration, calibration_of, wilson_interval
from rules.forecast_learning import KeptForecasts
from storage.forecasts import ClockCase
from tests.unit.rules.histories import START, rule

HOUR_US = 3_600_000_000
WINDOW = 4 * HOUR_US
LEARNT, HELD_BACK = 20_000, 4_000
Times = NDArray[np.float64]


def exponential(dice: np.random.Generator, count: int) -> Times:
    """Waits of which 13.5% take more than four hours; waiting changes nothing."""
    return dice.exponential(2, count)


def lognormal(dice: np.random.Generator, count: int) -> Times:
    """Waits of which 12% take more than four hours; the longer one waits, the longer it takes."""
    return dice.lognormal(0.2, 1, count)


def forecast(took: Times, seen: Times, **changes: object) -> ForecastRule:
    """The forecast that is learnt from cases which took so many hours, seen for so many."""
    times = (np.minimum(took, seen) * HOUR_US).astype(np.int64)
    curves = {EVERYTHING: estimate(times, took <= seen)}
    plain = ForecastRule(
        group="g",
        name="Likely",
        version="v1",
        object_type="order",
        target=rule(),
        chance=Fraction(4, 5),
        learn_from=timedelta(days=90),
        at_least=30,
        forecasts=KeptForecasts(lambda _: curves),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def calibration(one: ForecastRule, took: Times, seen: Times) -> Calibration:
    """How well it predicts other cases, that are seen for so many hours."""
    start = to_micros(START)
    cases = []
    for took_us, seen_us in zip(
        (took * HOUR_US).astype(int).tolist(), (seen * HOUR_US).astype(int).tolist(), strict=True
    ):
        done = took_us <= seen_us
        end = start + took_us if done else None
        cases.append((ClockCase("O", start, end, done, (), ()), min(took_us, seen_us)))
    return calibration_of(one, cases)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("draw", [exponential, lognormal])
def test_a_known_distribution_is_predicted_within_sampling_error(
    draw: Callable[[np.random.Generator, int], Times], seed: int
) -> None:
    dice = np.random.default_rng(seed)
    # A third of the cases is seen no longer than some hours: what they took is not known, and must not count as little.
    one = forecast(draw(dice, LEARNT), dice.exponential(6, LEARNT))

    found = calibration(one, draw(dice, HELD_BACK), dice.exponential(30, HELD_BACK))

    assert found.unpredicted == 0
    assert found.unsettled > 0
    assert len(found.bands) >= 2
    assert [band for band in found.bands if not band.is_calibrated] == []
    assert found.skill is not None
    assert found.skill > (0.0 if draw is exponential else 0.1)


def test_the_chance_itself_is_that_of_the_distribution() -> None:
    dice = np.random.default_rng(11)
    one = forecast(exponential(dice, LEARNT), dice.exponential(6, LEARNT))
    curve = one.forecasts.learnt_at(START)[EVERYTHING]

    for waited in (0, 1, 2, 3):
        chance = curve.chance(WINDOW, waited * HOUR_US)
        assert chance is not None
        assert chance.low <= np.exp(-(4 - waited) / 2) <= chance.high


def test_to_take_running_cases_for_completed_ones_would_show() -> None:
    dice = np.random.default_rng(5)
    took, seen = exponential(dice, LEARNT), dice.exponential(6, LEARNT)
    wrong = forecast(np.minimum(took, seen), np.full(LEARNT, 1e9))

    found = calibration(wrong, exponential(dice, HELD_BACK), np.full(HELD_BACK, 1e3))

    assert [band for band in found.bands if not band.is_calibrated] != []


def test_what_nobody_knows_yet_is_neither_missed_nor_met() -> None:
    one = forecast(np.array([1.0] * 50 + [6.0] * 50), np.full(100, 100.0))

    found = calibration(one, np.array([1.0, 9.0, 9.0]), np.array([10.0, 10.0, 3.0]))

    assert (found.cases, found.unsettled, found.predictions) == (3, 1, 1 + 4 + 3)
    (whole, certain) = found.bands
    # One of three is met when all wait; the one called off has waited longer than that.
    assert whole.cases == 3
    assert whole.predicted == pytest.approx(0.5)
    assert whole.observed == pytest.approx(2 / 3)
    assert (certain.cases, certain.predicted, certain.observed) == (2, 1.0, 1.0)


def test_without_a_curve_nothing_is_predicted() -> None:
    one = forecast(np.array([1.0] * 29), np.full(29, 100.0))

    found = calibration(one, np.array([1.0]), np.array([10.0]))

    assert (found.unpredicted, found.predictions, found.brier, found.skill, found.bands) == (1, 0, None, None, ())


def test_wilsons_interval_is_the_published_one() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    found = [wilson_interval(hits / cases, cases) for hits, cases in ((81, 263), (15, 148), (0, 20), (1, 29))]

    assert [(round(low, 4), round(high, 4)) for low, high in found] == [
        (0.2553, 0.3662),
        (0.0624, 0.1605),
        (0.0, 0.1611),
        (0.0061, 0.1718),
    ]
