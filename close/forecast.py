"""What share of a gate's cases will be cleared at the cutoff, from how quickly comparable ones were cleared before.

Comparable are the cases of the same gate in the last 90 days: of the same legal entity where enough of those were
cleared, else of all. Of each open case the chance is taken on condition of the time that it has waited already; the
bounds are those of the chances, as if all cases erred to the same side. Cases that are still to come are not in it.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from close.book import CloseBook, Scope, counted_gates
from close.keeper import curve_name, engine_name
from domain.close import CellState, CoursePoint, GateCell, GateForecast, GateKind
from domain.survival import SurvivalCurve
from storage.client import Store
from storage.close_cases import open_ages
from storage.engine_state import read_watermark
from storage.forecasts import read_curves

# With fewer cleared cases nothing is said.
AT_LEAST = 20
# Into so many steps the time to the cutoff is cut.
STEPS = 12
_MINUTE_US = 60 * 10**6
_MICROSECOND = timedelta(microseconds=1)
# How many minutes open cases have waited, and how many of them have waited so.
Ages = Sequence[tuple[int, int]]


class Forecaster:
    """Tells of cells how they will stand at the cutoff of one period, for all legal entities of it."""

    def __init__(self, store: Store, book: CloseBook, scope: Scope, at: datetime) -> None:
        self._at = at
        self._left = scope.period.cutoff_at - at
        gates = counted_gates(book)
        self._ages = open_ages(store, gates, scope.extent, at) if self._left > timedelta(0) else {}
        self._curves = {}
        for gate in gates:
            mark = read_watermark(store, engine_name(gate, "learnt"))
            learnt = read_curves(store, curve_name(gate), gate.version, mark.evaluated_through) if mark else {}
            self._curves[gate.id] = learnt

    def told(self, legal_entity: str, cells: Sequence[GateCell]) -> list[GateCell]:
        """The cells with their forecasts."""
        return [replace(cell, forecast=self._forecast(legal_entity, cell)) for cell in cells]

    def course(self, legal_entity: str, cells: Sequence[GateCell]) -> tuple[CoursePoint, ...]:
        """How the score is expected to go up to the cutoff; empty where nobody knows how a gate that counts stands.

        A gate that nobody can forecast counts as it stands: whoever clears it by then is better than said.
        """
        counted = [cell for cell in cells if cell.gate.weight and cell.state is not CellState.NOTHING_TO_DO]
        unknown = any(cell.state is CellState.UNKNOWN for cell in counted)
        if not counted or unknown or self._left <= timedelta(0):
            return ()
        weights = sum(cell.gate.weight for cell in counted)
        steps = [self._left * step / STEPS for step in range(STEPS + 1)]
        scores = np.zeros(len(steps))
        for cell in counted:
            curve, ages = self._curve(legal_entity, cell), self._ages.get((cell.gate.id, legal_entity), ())
            share = np.ones(len(steps))
            if cell.forecast is None or cell.forecast.share is None:
                share *= cell.cleared / cell.cases
            elif cell.open and curve is not None:
                share -= np.array([still_open(ages, curve, step // _MICROSECOND) for step in steps]) / cell.cases
            scores += cell.gate.weight * share / weights
        return tuple(CoursePoint(self._at + step, score) for step, score in zip(steps, scores.tolist(), strict=True))

    def _curve(self, legal_entity: str, cell: GateCell) -> SurvivalCurve | None:
        """How long comparable cases took; None where too few were cleared."""
        learnt = self._curves.get(cell.gate.id, {})
        found = (learnt[segment] for segment in ((legal_entity,), ()) if segment in learnt)
        return next((curve for curve in found if curve.completed >= AT_LEAST), None)

    def _forecast(self, legal_entity: str, cell: GateCell) -> GateForecast | None:
        if cell.state is CellState.NOTHING_TO_DO:
            return None
        if self._left <= timedelta(0):
            return _nobody_can_say("the cutoff has passed")
        if cell.state is CellState.UNKNOWN:
            return _nobody_can_say(cell.why)
        if not cell.open:
            return GateForecast(1.0, 1.0, 1.0, 0, ready=1.0)
        if cell.gate.kind is GateKind.SOURCES:
            return _nobody_can_say("nobody can say when a silent source speaks again")
        curve = self._curve(legal_entity, cell)
        if curve is None:
            return _nobody_can_say(f"fewer than {AT_LEAST} such cases were cleared in the last 90 days")
        ages = self._ages.get((cell.gate.id, legal_entity), ())
        return forecast(cell.cases, ages, curve, self._left // _MICROSECOND)


def forecast(cases: int, ages: Ages, curve: SurvivalCurve, left_us: int) -> GateForecast:
    """The share of the cases that is cleared after some time, with its bounds."""
    estimate = low = high = float(cases)
    beyond, ready = 0, 1.0
    for minutes, number in ages:
        waited = minutes * _MINUTE_US
        # Of what takes longer than anything seen nothing is known: it counts as open.
        seen = min(waited + left_us, max(curve.longest or 0, waited))
        chance = curve.chance(seen, waited) if waited < (curve.longest or 0) else None
        if chance is None:
            estimate, low, beyond, ready = estimate - number, low - number, beyond + number, 0.0
            continue
        estimate -= number * chance.chance
        low -= number * chance.high
        high -= number * chance.low
        ready *= (1 - chance.chance) ** number
    return GateForecast(estimate / cases, low / cases, high / cases, curve.completed, beyond, ready)


def still_open(ages: Ages, curve: SurvivalCurve, left_us: int) -> float:
    """How many of the open cases are expected to be open after some time; the same as `forecast` counts them."""
    if not ages:
        return 0.0
    longest = curve.longest or 0
    waited = np.array([minutes * _MINUTE_US for minutes, _ in ages], dtype=np.int64)
    number = np.array([count for _, count in ages], dtype=np.float64)
    survival, times = np.array([1.0, *curve.survival]), np.array(curve.times, dtype=np.int64)
    reached = survival[np.searchsorted(times, waited, side="right")]
    missing = survival[np.searchsorted(times, np.minimum(waited + left_us, np.maximum(longest, waited)), side="right")]
    is_beyond = (waited >= longest) | (reached == 0)
    chance = np.where(is_beyond, 1.0, missing / np.where(is_beyond, 1.0, reached))
    return float((number * chance).sum())


def entity_forecast(cells: Sequence[GateCell]) -> GateForecast | None:
    """The score at the cutoff, each gate by its weight; a gate of which nobody can say leaves only bounds."""
    counted = [(cell.gate.weight, cell.forecast) for cell in cells if cell.gate.weight and cell.forecast]
    weights = sum(weight for weight, _ in counted)
    if not weights:
        return None
    unsaid = [one for _, one in counted if one.share is None]
    if len(unsaid) == len(counted):
        return unsaid[0]
    low = sum(weight * (one.at_least or 0) for weight, one in counted) / weights
    high = sum(weight * (1 if one.at_most is None else one.at_most) for weight, one in counted) / weights
    share = None if unsaid else sum(weight * (one.share or 0) for weight, one in counted) / weights
    ready = None if unsaid else math.prod(one.ready or 0 for _, one in counted)
    learnt, beyond = sum(one.learnt_from for _, one in counted), sum(one.beyond for _, one in counted)
    return GateForecast(share, low, high, learnt, beyond, ready, unsaid[0].why if unsaid else "")


def _nobody_can_say(why: str) -> GateForecast:
    return GateForecast(None, None, None, 0, why=why)
