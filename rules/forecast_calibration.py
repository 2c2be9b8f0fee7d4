"""How well forecasts came true on held-back history: each case is predicted by what was learnt before it started.

A case is predicted at several shares of its window, as long as it still waits then. Predictions are gathered in bands;
in each a case counts once, by its first prediction there, so that the cases of a band are independent of each other. A
band is right within sampling error if the mean of what was predicted lies in the 95% interval (Wilson's, for a share
of independent cases) of what was observed. The Brier score is the mean squared difference between chance and outcome;
its reference is that of a forecast which always gives the share that was missed.
E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927), 209-212.
G. W. Brier, Verification of Forecasts Expressed in Terms of Probability, Monthly Weather Review 78 (1950), 1-3.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from domain.forecast_rule import ForecastRule
from domain.instants import LATEST, from_micros
from rules.forecast_learning import KeptForecasts, counted_cases, learn
from rules.kinds.forecast import FEWEST_WAITED, grid_before, usable_curve
from storage.client import Store
from storage.forecasts import ClockCase

_Z = 1.959963984540054
_MICROSECOND = timedelta(microseconds=1)
_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
# At which shares of its window a case is predicted, in quarters.
_QUARTERS = (0, 1, 2, 3)


class Prediction(NamedTuple):
    """A case by its number, the chance that it is missed, and whether it was."""

    case: int
    chance: float
    missed: bool


@dataclass(frozen=True, slots=True)
class Band:
    """What was predicted from `low` up to `high`: how many cases, the mean chance, the share that was missed.

    `observed_low` and `observed_high` are the 95% interval of that share.
    """

    low: float
    high: float
    cases: int
    predicted: float
    observed: float
    observed_low: float
    observed_high: float

    @property
    def is_calibrated(self) -> bool:
        """Whether the prediction lies within sampling error of what was observed."""
        return self.observed_low <= self.predicted <= self.observed_high


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well a rule's forecasts came true; the scores are None where nothing was predicted.

    Of `cases` the rule could not predict `unpredicted` at any time, and of `unsettled` nobody knows yet whether they
    were missed, or they were called off before.
    """

    cases: int
    unpredicted: int
    unsettled: int
    predictions: int
    brier: float | None
    brier_of_base_rate: float | None
    bands: tuple[Band, ...]

    @property
    def skill(self) -> float | None:
        """How much of the reference's score the forecast saves; None where there is none, or it is perfect itself."""
        if self.brier is None or not self.brier_of_base_rate:
            return None
        return 1 - self.brier / self.brier_of_base_rate


def calibrate(store: Store, rule: ForecastRule, since: datetime, until: datetime) -> Calibration:
    """How well the cases that started in (since, until] were predicted, as they had turned out by `until`.

    Every event counts as known when it occurred, so that history which was imported can be judged, too.
    """
    forecasts = KeptForecasts(lambda at: learn(store, rule, at, LATEST))
    informed = replace(rule, forecasts=forecasts)
    cases = counted_cases(store, rule, since, until, LATEST)
    # In order of time, so that each curve is learnt once whatever number of them is kept.
    ordered = sorted(cases, key=lambda found: found[0].start_us)
    return calibration_of(informed, ordered)


def calibration_of(rule: ForecastRule, cases: Iterable[tuple[ClockCase, int]]) -> Calibration:
    """The calibration of a rule by cases with the counted time that each took, or took so far."""
    number = unpredicted = unsettled = 0
    predictions: list[Prediction] = []
    for case, counted in cases:
        number += 1
        window_us = _window(rule, case) // _MICROSECOND
        if counted <= window_us and not case.completed:
            unsettled += 1
            continue
        found = [Prediction(number, chance, counted > window_us) for chance in _chances(rule, case, counted, window_us)]
        unpredicted += not found
        predictions += found
    brier, base = _brier(predictions)
    return Calibration(number, unpredicted, unsettled, len(predictions), brier, base, tuple(_bands(predictions)))


def _window(rule: ForecastRule, case: ClockCase) -> timedelta:
    conditions = rule.target.conditions
    held = {conditions[number - 1] for number in case.holds}
    return next((one.within for one in rule.target.overrides if one.where in held), rule.target.within)


def _chances(rule: ForecastRule, case: ClockCase, counted: int, window_us: int) -> Iterator[float]:
    segment = tuple(case.segment)
    usable = usable_curve(rule, grid_before(from_micros(case.start_us)), segment if all(segment) else None)
    if usable is None:
        return
    for quarter in _QUARTERS:
        waited = window_us * quarter // 4
        if counted <= waited:
            return
        chance = usable[1].chance(window_us, waited)
        if chance is not None and chance.cases >= FEWEST_WAITED:
            yield chance.chance


def _brier(predictions: list[Prediction]) -> tuple[float | None, float | None]:
    if not predictions:
        return None, None
    score = math.fsum((one.chance - one.missed) ** 2 for one in predictions) / len(predictions)
    share = sum(one.missed for one in predictions) / len(predictions)
    return score, share * (1 - share)


def _bands(predictions: Iterable[Prediction]) -> Iterator[Band]:
    found: dict[int, dict[int, Prediction]] = defaultdict(dict)
    for one in predictions:
        # The last band holds certainty, too.
        band = min(bisect_right(_EDGES, one.chance), len(_EDGES) - 1) - 1
        found[band].setdefault(one.case, one)
    for band, (low, high) in enumerate(pairwise(_EDGES)):
        cases = list(found[band].values())
        if cases:
            missed = sum(one.missed for one in cases)
            predicted = math.fsum(one.chance for one in cases) / len(cases)
            interval = wilson_interval(missed, len(cases))
            yield Band(low, high, len(cases), predicted, missed / len(cases), *interval)


def wilson_interval(hits: int, cases: int) -> tuple[float, float]:
    """The 95% interval of a share of which so many of so many cases were seen; there is at least one case."""
    share = hits / cases
    middle = share + _Z**2 / (2 * cases)
    spread = _Z * math.sqrt(share * (1 - share) / cases + _Z**2 / (4 * cases**2))
    whole = 1 + _Z**2 / cases
    # What floating point loses must not keep a share of nothing, or of all, out of its own interval.
    low = 0.0 if hits == 0 else (middle - spread) / whole
    return low, 1.0 if hits == cases else (middle + spread) / whole
