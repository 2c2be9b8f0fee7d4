"""How well forecasts came true on held-back history: each case is predicted by what was learnt before it started.

A case is predicted at several shares of its window, as long as it still waits then. Predictions are gathered in bands;
in each a case counts once, by its first prediction there, so that the cases of a band are independent of each other.
What was observed of a band is the share that was missed; cases that were called off before count for as long as they
waited, again by the product-limit estimator, since to leave them out would leave out the slow ones. A band is right
within sampling error if the mean of what was predicted lies in the 95% interval of that share: Wilson's, for as many
cases as say as much (R. J. Cutler, F. Ederer, Maximum Utilization of the Life Table Method, J. Chronic Dis. 8 (1958)).
The Brier score is the mean squared difference between chance and outcome of the cases that were not called off; its
reference is that of a forecast which always gives the share that was missed.
E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927), 209-212.
G. W. Brier, Verification of Forecasts Expressed in Terms of Probability, Monthly Weather Review 78 (1950), 1-3.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from domain.calendar import earliest_start
from domain.forecast_rule import ForecastRule
from domain.instants import LATEST, from_micros, to_micros
from domain.kaplan_meier import estimate
from rules.forecast_learning import KeptForecasts, counted_cases, learn
from rules.kinds.forecast import FEWEST_WAITED, grid_before, usable_curve
from storage.client import Store
from storage.forecasts import ClockCase

_Z = 1.959963984540054
_MICROSECOND = timedelta(microseconds=1)
_EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
_WHOLE = 1_000_000_000
# At which shares of its window a case is predicted, in quarters.
_QUARTERS = (0, 1, 2, 3)


class Prediction(NamedTuple):
    """A case by its number, the chance that it is missed, and what came of it.

    `time` is how much of what was left it took, or took so far, in parts of `_WHOLE`.
    """

    case: int
    chance: float
    time: int
    completed: bool

    @property
    def missed(self) -> bool:
        """Whether it took longer than was left."""
        return self.time > _WHOLE

    @property
    def is_settled(self) -> bool:
        """Whether it is known if it was missed."""
        return self.missed or self.completed


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

    Of `cases` the rule could not predict `unpredicted` at any time, and of `unsettled` nobody knows whether they would
    have been missed: they were called off before, or paused for long.
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
    """How well cases were predicted that started after `since` and were due by `until`, as they had turned out then.

    Every event counts as known when it occurred, so that history which was imported can be judged, too.
    """
    informed = replace(rule, forecasts=KeptForecasts(lambda at: learn(store, rule, at, LATEST)))
    # Of cases that started later only those are settled that were quick.
    last_us = to_micros(earliest_start(rule.target.calendar, max(rule.windows), until))
    cases = [found for found in counted_cases(store, rule, since, until, LATEST) if found[0].start_us <= last_us]
    # In order of time, so that each curve is learnt once whatever number of them is kept.
    return calibration_of(informed, sorted(cases, key=lambda found: found[0].start_us))


def calibration_of(rule: ForecastRule, cases: Iterable[tuple[ClockCase, int]]) -> Calibration:
    """The calibration of a rule by cases with the counted time that each took, or took so far."""
    number = unpredicted = unsettled = 0
    predictions: list[Prediction] = []
    for case, counted in cases:
        number += 1
        window_us = _window(rule, case) // _MICROSECOND
        unsettled += counted <= window_us and not case.completed
        found = list(_predictions(rule, number, case, counted, window_us))
        unpredicted += not found
        predictions += found
    brier, base = _brier(predictions)
    return Calibration(number, unpredicted, unsettled, len(predictions), brier, base, tuple(_bands(predictions)))


def _window(rule: ForecastRule, case: ClockCase) -> timedelta:
    conditions = rule.target.conditions
    held = {conditions[number - 1] for number in case.holds}
    return next((one.within for one in rule.target.overrides if one.where in held), rule.target.within)


def _predictions(
    rule: ForecastRule, number: int, case: ClockCase, counted: int, window_us: int
) -> Iterator[Prediction]:
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
            left = window_us - waited
            time = _WHOLE + 1 if counted > window_us else _WHOLE * (counted - waited) // left
            yield Prediction(number, chance.chance, time, case.completed)


def _brier(predictions: Iterable[Prediction]) -> tuple[float | None, float | None]:
    predictions = [one for one in predictions if one.is_settled]
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
        observed = _observed(cases)
        if observed is not None:
            predicted = math.fsum(one.chance for one in cases) / len(cases)
            yield Band(low, high, len(cases), predicted, observed[0], *wilson_interval(*observed))


def _observed(cases: Sequence[Prediction]) -> tuple[float, float] | None:
    """The share that was missed, and how many cases without one called off would say as much of it.

    None where every case that was not met in time was called off.
    """
    times = np.array([one.time for one in cases], dtype=np.int64)
    met = np.array([one.completed and not one.missed for one in cases], dtype=np.bool_)
    curve = estimate(times, met, finest=0)
    share = curve.longer_than(_WHOLE)
    if share is None:
        return None
    if share == 0 or not curve.times:
        return share, len(cases) if share == 0 else int((times > _WHOLE).sum())
    return share, (1 - share) / (share * curve.variance[-1])


def wilson_interval(share: float, cases: float) -> tuple[float, float]:
    """The 95% interval of a share that was seen in so many cases, more than none."""
    middle = share + _Z**2 / (2 * cases)
    spread = _Z * math.sqrt(share * (1 - share) / cases + _Z**2 / (4 * cases**2))
    whole = 1 + _Z**2 / cases
    # What floating point loses must not keep a share of nothing, or of all, out of its own interval.
    low = 0.0 if share == 0 else (middle - spread) / whole
    return low, 1.0 if share == 1 else (middle + spread) / whole
