"""Keeps the cases of the close's gates in line with what arrives, and learns how quickly they are cleared.

What a tick does for one gate it does in this order: note how far it goes, keep the cases, sum them up, note how far it
came. A tick that was cut off is repeated to the instant that it noted, and so writes the same rows again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np

from domain.close import Gate, GateKind
from domain.errors import LeaseLost, StoreError, StoreUnreachable
from domain.instants import EARLIEST, EPOCH
from domain.kaplan_meier import estimate
from domain.survival import SurvivalCurve
from storage.client import Store
from storage.close_cases import durations, keep_cases, keep_cells, keep_exceptions
from storage.engine_state import Watermark, read_watermark, write_watermark
from storage.forecasts import write_curves
from storage.milestones import Stretch, stretches

# Bounds what one insert holds in memory.
_MILESTONES_AT_ONCE = 500_000
# How far back comparable cases lie, and how often it is learnt anew how long they took.
LEARN_FROM = timedelta(days=90)
LEARN_EVERY = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_SEGMENTS_AT_MOST = 200


class CloseKeeper:
    """Called now and then from one thread; nothing is kept in memory between calls."""

    def __init__(self, store: Store, gates: Iterable[Gate], rules_engine: str) -> None:
        """`rules_engine` is the name under which the rules engine notes how far alerts are recorded."""
        self._store = store
        self._gates = [gate for gate in gates if gate.keeps_cases]
        self._rules_engine = rules_engine

    def tick(self, through: datetime) -> int:
        """Takes in all that was received by `through`, which no event still to come may precede.

        How many gates took something in. StoreError names the gates that could not be kept; the others are.
        """
        if through <= EPOCH:
            return 0
        changed, problems = 0, []
        for gate in self._gates:
            try:
                changed += self._take_in(gate, through)
                self._learn(gate)
            except (StoreUnreachable, LeaseLost):
                raise
            except StoreError as error:
                problems.append(f"gate {gate.id}: {error}")
        if problems:
            raise StoreError("\n".join(problems))
        return changed

    def _take_in(self, gate: Gate, through: datetime) -> bool:
        kept, begun = self._mark(gate, "kept"), self._mark(gate, "begun")
        after = kept.evaluated_through if kept else None
        if gate.kind is GateKind.ALERTS:
            # Alerts are recorded as of the tick that finds them, and written a little later.
            recorded = read_watermark(self._store, self._rules_engine)
            through = min(through, recorded.evaluated_through) if recorded else EPOCH
        if begun is not None and (after is None or begun.evaluated_through > after):
            through = begun.evaluated_through
        if through <= (after or EPOCH):
            return False
        self._note(gate, "begun", through)
        if gate.kind is GateKind.ALERTS:
            keep_exceptions(self._store, gate, after, through)
        else:
            self._keep(gate, after, through)
        keep_cells(self._store, gate, through)
        self._note(gate, "kept", through)
        return True

    def _keep(self, gate: Gate, after: datetime | None, through: datetime) -> None:
        every: Iterable[Stretch] = [Stretch(gate.object_type)]
        if after is None:
            every = stretches(self._store, gate.object_type, _MILESTONES_AT_ONCE)
        for stretch in every:
            keep_cases(self._store, gate, stretch, after, through, touched=after is not None)

    def _learn(self, gate: Gate) -> None:
        kept, learnt = self._mark(gate, "kept"), self._mark(gate, "learnt")
        if kept is None:
            return
        at = kept.evaluated_through
        if learnt is not None and at - learnt.evaluated_through < LEARN_EVERY:
            return
        curves = learn(self._store, gate, at)
        write_curves(self._store, curve_name(gate), gate.version, at, curves, dict.fromkeys(curves), at)
        self._note(gate, "learnt", at)

    def _mark(self, gate: Gate, what: str) -> Watermark | None:
        return read_watermark(self._store, engine_name(gate, what))

    def _note(self, gate: Gate, what: str, through: datetime) -> None:
        write_watermark(self._store, engine_name(gate, what), Watermark(through, gate.version), through)


def learn(store: Store, gate: Gate, at: datetime) -> dict[tuple[str, ...], SurvivalCurve]:
    """How long the gate's cases of the last 90 days took: of all together, and of each legal entity."""
    times: dict[tuple[str, ...], list[int]] = {(): []}
    cleared: dict[tuple[str, ...], list[bool]] = {(): []}
    counts: dict[tuple[str, ...], list[int]] = {(): []}
    for entity, minutes, is_cleared, cases in durations(store, gate, max(at - LEARN_FROM, EARLIEST), at):
        own = [(entity,)] if entity and (len(times) <= _SEGMENTS_AT_MOST or (entity,) in times) else []
        for segment in [(), *own]:
            times.setdefault(segment, []).append(minutes * (MINUTE // timedelta(microseconds=1)))
            cleared.setdefault(segment, []).append(is_cleared)
            counts.setdefault(segment, []).append(cases)
    curves = {}
    for segment, taken in times.items():
        number = np.array(counts[segment], dtype=np.int64)
        curves[segment] = estimate(
            np.repeat(np.array(taken, dtype=np.int64), number),
            np.repeat(np.array(cleared[segment], dtype=np.bool_), number),
        )
    return curves


def curve_name(gate: Gate) -> str:
    """The name under which what was learnt of a gate is stored; no alert has such a one."""
    return f"close {gate.id}"


def engine_name(gate: Gate, what: str) -> str:
    """The name under which it is noted how far a gate is; each definition has its own."""
    return f"close {gate.id} {gate.version} {what}"
