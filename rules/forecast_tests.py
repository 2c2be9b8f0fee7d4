"""Gives rule tests what forecasts learn from: the cases that a test states, at every instant of the grid."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import numpy as np

from domain.forecast_rule import EVERYTHING, ForecastRule, Segment
from domain.kaplan_meier import estimate
from rules.forecast_learning import KeptForecasts
from rules.rule_test_schema import CasesConfig

_MICROSECOND = timedelta(microseconds=1)


def informed_by(rule: ForecastRule, history: Iterable[CasesConfig]) -> ForecastRule:
    """The rule with the curves of a test's cases; what happens in the test itself is not learnt from."""
    cases: dict[Segment, list[tuple[int, bool]]] = defaultdict(list)
    for one in history:
        time = (one.waiting if one.took is None else one.took) or timedelta(0)
        segment = rule.segment_of(one.source, one.facts)
        for of in {EVERYTHING} if segment is None else {EVERYTHING, segment}:
            cases[of] += [(time // _MICROSECOND, one.took is not None)] * one.count
    curves = {
        segment: estimate(
            np.array([time for time, _ in found], dtype=np.int64), np.array([done for _, done in found], dtype=np.bool_)
        )
        for segment, found in cases.items()
    }
    return replace(rule, forecasts=KeptForecasts(lambda _: curves))
