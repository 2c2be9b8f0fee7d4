"""Sums of open time: how much of it lies before an instant, and which instant has so much of it behind it.

A calendar's stretches are laid out year by year, as they are asked for, with the open time before each. What would be a
walk over days is then two look-ups, and for many instants at once two searches over arrays.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from domain.instants import from_micros, to_micros

Micros = npt.NDArray[np.int64]
# A stretch of time from its first instant up to, not including, its second.
Stretch = tuple[datetime, datetime]
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
# The loader refuses windows that need more than ten years; no search has reason to go further than this.
_HORIZON_YEARS = 55
# What is asked for an instant that has no such open time after it.
NEVER = np.iinfo(np.int64).max


class _Sums(NamedTuple):
    """The stretches of some years: when each opens and closes, and the open time before its opening and its closing.

    Open time is counted from a stretch that is the same for as long as sums only grow.
    """

    years: range
    opens: list[int]
    closes: list[int]
    before: list[int]
    after: list[int]

    def counted(self, at: int) -> int:
        """The open time before an instant, in microseconds."""
        position = bisect_right(self.closes, at)
        if position == len(self.closes):
            return self.after[-1] if self.after else 0
        return self.before[position] + max(0, at - self.opens[position])

    def counted_all(self, instants: Micros) -> Micros:
        """`counted` for many instants."""
        if not self.closes:
            return np.zeros(len(instants), dtype=np.int64)
        positions = np.searchsorted(_array(self.closes), instants, side="right")
        last = np.minimum(positions, len(self.closes) - 1)
        counted = _array(self.before)[last] + np.maximum(0, instants - _array(self.opens)[last])
        return np.where(positions < len(self.closes), counted, self.after[-1])

    def grown(self, years: range, stretches: Iterable[Stretch]) -> "_Sums":
        """These sums with years that follow them or come before them, and the stretches of those."""
        found = list(stretches)
        opens, closes = [to_micros(begin) for begin, _ in found], [to_micros(end) for _, end in found]
        lengths = _array(closes) - _array(opens)
        after = np.cumsum(lengths)
        if self.years and years[0] < self.years[0]:
            after += (self.before[0] if self.before else 0) - int(lengths.sum())
            before = after - lengths
            return _Sums(
                range(years[0], self.years[-1] + 1),
                opens + self.opens,
                closes + self.closes,
                before.tolist() + self.before,
                after.tolist() + self.after,
            )
        after += self.after[-1] if self.after else 0
        return _Sums(
            range(self.years[0] if self.years else years[0], years[-1] + 1),
            self.opens + opens,
            self.closes + closes,
            self.before + (after - lengths).tolist(),
            self.after + after.tolist(),
        )


class OpenTime:
    """The open time of one calendar; `open_on` gives the stretches of a local day, in order."""

    def __init__(self, open_on: Callable[[date], Iterable[Stretch]]) -> None:
        self._open_on = open_on
        # Replaced as a whole: a thread that reads it meanwhile keeps what it has.
        self._sums = _Sums(range(0), [], [], [], [])

    def add(self, start: datetime, duration: timedelta) -> datetime | None:
        """The first instant with `duration` of open time since `start`; None where there is none for decades."""
        if duration <= timedelta(0):
            return start
        sums = self._covering(start, start)
        wanted = sums.counted(to_micros(start)) + duration // _MICROSECOND
        sums = self._reaching(sums, wanted, start)
        position = bisect_left(sums.after, wanted)
        if position == len(sums.after):
            return None
        return from_micros(sums.opens[position] + wanted - sums.before[position])

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from `start` until `end`; none where `end` is not after `start`."""
        if end <= start:
            return timedelta(0)
        sums = self._covering(start, end)
        return timedelta(microseconds=sums.counted(to_micros(end)) - sums.counted(to_micros(start)))

    def add_all(self, starts: Micros, durations: Micros) -> Micros:
        """`add` for many instants, all in microseconds since 1970; NEVER where there is no such instant."""
        if not len(starts):
            return starts.copy()
        latest = from_micros(int(starts.max()))
        sums = self._covering(from_micros(int(starts.min())), latest)
        wanted = sums.counted_all(starts) + durations
        sums = self._reaching(sums, int(wanted.max()), latest)
        positions = np.searchsorted(_array(sums.after), wanted)
        found = positions < len(sums.after)
        ends = np.full(len(starts), NEVER, dtype=np.int64)
        inside = positions[found]
        ends[found] = _array(sums.opens)[inside] + wanted[found] - _array(sums.before)[inside]
        return np.where(durations <= 0, starts, ends)

    def between_all(self, starts: Micros, ends: Micros) -> Micros:
        """`between` for many pairs of instants, all in microseconds."""
        if not len(starts):
            return starts.copy()
        both = np.concatenate((starts, ends))
        sums = self._covering(from_micros(int(both.min())), from_micros(int(both.max())))
        counted: Micros = np.maximum(sums.counted_all(ends) - sums.counted_all(starts), 0)
        return counted

    def _covering(self, start: datetime, end: datetime) -> _Sums:
        """Sums with every stretch that an instant between these may lie in."""
        # An instant lies in the local day of its UTC date or in one beside it.
        first, last = (start - 2 * _DAY).year, (end + 2 * _DAY).year
        sums = self._sums
        if not sums.years:
            return self._grow(sums, range(first, last + 1))
        if first < sums.years[0]:
            sums = self._grow(sums, range(first, sums.years[0]))
        if last > sums.years[-1]:
            sums = self._grow(sums, range(sums.years[-1] + 1, last + 1))
        return sums

    def _reaching(self, sums: _Sums, wanted: int, start: datetime) -> _Sums:
        """Sums that reach so much open time, unless it is not reached within decades of `start`."""
        last = start.year + _HORIZON_YEARS
        while (not sums.after or sums.after[-1] < wanted) and sums.years[-1] < last:
            sums = self._grow(sums, range(sums.years[-1] + 1, sums.years[-1] + 2))
        return sums

    def _grow(self, sums: _Sums, years: range) -> _Sums:
        days = (date(years[-1] + 1, 1, 1) - date(years[0], 1, 1)).days
        stretches = (
            stretch for number in range(days) for stretch in self._open_on(date(years[0], 1, 1) + number * _DAY)
        )
        self._sums = sums.grown(years, stretches)
        return self._sums


def _array(values: list[int]) -> Micros:
    return np.array(values, dtype=np.int64)
