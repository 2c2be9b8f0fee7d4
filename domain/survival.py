"""How long cases take, as a survival curve: the share that takes longer than a time, and how sure that is.

A curve is a step function that starts at 1. Beyond the longest observation nothing is known of it, unless every case
had completed by then. Times are counted time in whole microseconds.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple

# Two-sided 95% of the normal distribution.
_Z = 1.959963984540054
_MISSED_IN_A_ROW = 0.025
# Shares are compared with room for what floating point loses: 9 of 10 is 90%.
_ROOM = 1e-9


class Chance(NamedTuple):
    """A chance with its 95% interval, and the number of cases that it was seen in."""

    chance: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """`survival[i]` take longer than `times[i]`; between the times nothing changes.

    `variance[i]` is Greenwood's sum up to and with `times[i]`, `waiting[i]` how many cases were observed for longer
    than that. `longest` is the longest observation, None where there is none at all.
    """

    times: tuple[int, ...]
    survival: tuple[float, ...]
    variance: tuple[float, ...]
    waiting: tuple[int, ...]
    cases: int
    completed: int
    longest: int | None

    def longer_than(self, time: int) -> float | None:
        """The share of cases that take longer than a time; None where that is unknown."""
        if self.longest is None or (time > self.longest and not self._all_completed):
            return None
        return self._survival(bisect_right(self.times, time) - 1)

    def chance(self, window: int, waited: int) -> Chance | None:
        """The chance that a case which has waited so long takes longer than `window`; None where that is unknown.

        That is the product over the completions after `waited`, so its interval (log-log, by Greenwood's sum over the
        same) does not depend on how the cases did before.
        """
        missing, reached = self.longer_than(window), self.longer_than(waited)
        if missing is None or not reached:
            return None
        last, first = bisect_right(self.times, window) - 1, bisect_right(self.times, waited) - 1
        cases = self.waiting[first] if first >= 0 else self.cases
        if waited >= window or last == first:
            # Nobody who waited so long completed in time: of n in a row, the lowest chance that leaves room for it.
            return Chance(1.0, _MISSED_IN_A_ROW ** (1 / max(cases, 1)), 1.0, cases)
        if missing == 0:
            return Chance(0.0, 0.0, 1 - _MISSED_IN_A_ROW ** (1 / max(cases, 1)), cases)
        share = missing / reached
        spread = math.exp(_Z * math.sqrt(self._variance(last) - self._variance(first)) / -math.log(share))
        return Chance(share, share**spread, share ** (1 / spread), cases)

    def likely_from(self, window: int, chance: float) -> int | None:
        """The shortest time after which a case that still waits takes longer than `window` with at least this chance.

        None where no waiting makes it so likely, or where it is unknown how many take so long.
        """
        missing = self.longer_than(window)
        if not missing:
            return None
        enough = missing / chance * (1 + _ROOM)
        if enough >= 1:
            return 0
        # Survival falls, so what is searched for by its negative is in order.
        return self.times[bisect_left(self.survival, -enough, key=lambda share: -share)]

    @property
    def _all_completed(self) -> bool:
        return bool(self.survival) and self.survival[-1] == 0

    def _survival(self, position: int) -> float:
        return self.survival[position] if position >= 0 else 1.0

    def _variance(self, position: int) -> float:
        return self.variance[position] if position >= 0 else 0.0
