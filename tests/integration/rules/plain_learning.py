"""A plain reading of what a forecast rule learns: object by object from what had been received, no SQL."""

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np

from domain.calendar import counted_time
from domain.forecast_rule import EVERYTHING, ForecastRule, Segment
from domain.kaplan_meier import estimate
from domain.survival import SurvivalCurve
from rules.forecast_learning import KeptForecasts
from rules.kinds.milestone import CaseState, judge, pause_stretches
from tests.integration.rules.arrivals import Log

MICROSECOND = timedelta(microseconds=1)


def plain_curves(log: Log, rule: ForecastRule, at: datetime, known_at: datetime) -> dict[Segment, SurvivalCurve]:
    """The curves by what had occurred by `at` and was received by `known_at`."""
    cases: dict[Segment, list[tuple[int, bool]]] = defaultdict(list)
    for object_id in log.by_object:
        history = [m for m in log.known(object_id, known_at) if m.occurred_at <= at]
        pauses = pause_stretches(rule.target, history)
        for case in judge(rule.target, history, at):
            if case.started_at <= at - rule.learn_from:
                continue
            end = max(case.ended_by.occurred_at if case.ended_by else at, case.started_at)
            counted = counted_time(rule.target.calendar, case.started_at, end, pauses) // MICROSECOND
            met = case.state in (CaseState.IN_TIME, CaseState.RESOLVED) and case.ended_by is not None
            completed = met and case.ended_by is not None and case.ended_by.type == rule.target.to_type
            facts = case.start.facts
            segment = tuple({"region": facts.region, "source": case.start.source}[name] or "" for name in rule.segment)
            for one in {EVERYTHING, segment} if all(segment) else {EVERYTHING}:
                cases[one].append((counted, completed))
    cases.setdefault(EVERYTHING, [])
    return {
        segment: estimate(
            np.array([time for time, _ in found], dtype=np.int64), np.array([done for _, done in found], dtype=np.bool_)
        )
        for segment, found in cases.items()
        if segment == EVERYTHING or sum(done for _, done in found) >= rule.at_least
    }


def plain_forecasts(log: Log, rule: ForecastRule, first: datetime, *, by_receipt: bool = True) -> KeptForecasts:
    """What the rule learns from an instant of the grid on."""
    latest = max(arrival.received_at for arrival in log.arrivals)

    def find(at: datetime) -> dict[Segment, SurvivalCurve]:
        return plain_curves(log, rule, at, at if by_receipt else max(latest, at)) if at >= first else {}

    return KeptForecasts(find)
