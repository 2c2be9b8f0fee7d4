"""What share of a gate's cases will be cleared at the cutoff, from how quickly comparable ones were cleared before.

Comparable are the cases of the same gate in the last 90 days: of the same legal entity where enough of those were
cleared, else of all. Of each open case the chance is taken on condition of the time that it has waited already; the
bounds are those of the chances, as if all cases erred to the same side. Cases that are still to come are not in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from close.book import CloseBook, Scope, counted_gates
from close.keeper import curve_name, engine_name
from domain.close import CellState, GateCell, GateForecast, GateKind
from domain.survival import SurvivalCurve
from storage.client import Store
from storage.close_cases import open_ages
from storage.engine_state import read_watermark
from storage.forecasts import read_curves

# With fewer cleared cases nothing is said.
AT_LEAST = 20
_MINUTE_US = 60 * 10**6
_MICROSECOND = timedelta(microseconds=1)
Ages = Iterable[tuple[int, int]]


class Forecaster:
    """Tells of cells how they will stand at the cutoff of one period, for all legal entities of it."""

    def __init__(self, store: Store, book: CloseBook, scope: Scope, at: datetime) -> None:
        self._left_us = (scope.period.cutoff_at - at) // _MICROSECOND
        gates = counted_gates(book)
        self._ages = open_ages(store, gates, scope.extent, at) if self._left_us > 0 else {}
        self._curves = {}
        for gate in gates:
            mark = read_watermark(store, engine_name(gate, "learnt"))
            learnt = read_curves(store, curve_name(gate), gate.version, mark.evaluated_through) if mark else {}
            self._curves[gate.id] = learnt

    def told(self, legal_entity: str, cells: Sequence[GateCell]) -> list[GateCell]:
        """The cells with their forecasts."""
        return [replace(cell, forecast=self._forecast(legal_entity, cell)) for cell in cells]

    def _forecast(self, legal_entity: str, cell: GateCell) -> GateForecast | None:
        if cell.state is CellState.NOTHING_TO_DO:
            return None
        if self._left_us <= 0:
            return _nobody_can_say("the cutoff has passed")
        if cell.state is CellState.UNKNOWN:
            return _nobody_can_say(cell.why)
        if not cell.open:
            return GateForecast(1.0, 1.0, 1.0, 0)
        if cell.gate.kind is GateKind.SOURCES:
            return _nobody_can_say("nobody can say when a silent source speaks again")
        learnt = self._curves[cell.gate.id]
        curve = next(
            (
                learnt[segment]
                for segment in ((legal_entity,), ())
                if segment in learnt and learnt[segment].completed >= AT_LEAST
            ),
            None,
        )
        if curve is None:
            return _nobody_can_say(f"fewer than {AT_LEAST} such cases were cleared in the last 90 days")
        return forecast(cell.cases, self._ages.get((cell.gate.id, legal_entity), ()), curve, self._left_us)


def forecast(cases: int, ages: Ages, curve: SurvivalCurve, left_us: int) -> GateForecast:
    """The share of the cases that is cleared after some time; `ages` are the minutes that open ones have waited."""
    estimate = low = high = float(cases)
    beyond = 0
    for minutes, number in ages:
        waited = minutes * _MINUTE_US
        # Of what takes longer than anything seen nothing is known: it counts as open.
        seen = min(waited + left_us, max(curve.longest or 0, waited))
        chance = curve.chance(seen, waited) if waited < (curve.longest or 0) else None
        if chance is None:
            estimate, low, beyond = estimate - number, low - number, beyond + number
            continue
        estimate -= number * chance.chance
        low -= number * chance.high
        high -= number * chance.low
    return GateForecast(estimate / cases, low / cases, high / cases, curve.completed, beyond)


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
    learnt = sum(one.learnt_from for _, one in counted)
    return GateForecast(
        share, low, high, learnt, sum(one.beyond for _, one in counted), unsaid[0].why if unsaid else ""
    )


def _nobody_can_say(why: str) -> GateForecast:
    return GateForecast(None, None, None, 0, why=why)
