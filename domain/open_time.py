"""Sums of open time: how much of it lies before an instant, and which instant has so much of it behind it.

A calendar's stretches are laid out year by year, as they are asked for, with the open time before each. What would be a
walk over days is then two look-ups, so that the deadlines of many objects cost no more than their number.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from domain.instants import from_micros, to_micros

# A stretch of time from its first instant up to, not including, its second.
Stretch = tuple[datetime, datetime]
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
# The loader refuses windows that need more than ten years; no search has reason to go further than this.
_HORIZON_YEARS = 55


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

    def grown(self, years: range, stretches: Iterable[Stretch]) -> "_Sums":
        """These sums with years that follow them or come before them, and the stretches of those."""
        opens, closes = [], []
        for begin, end in stretches:
            opens.append(to_micros(begin))
            closes.append(to_micros(end))
        lengths = [close - begin for begin, close in zip(opens, closes, strict=True)]
        is_earlier = bool(self.years) and years[0] < self.years[0]
        if is_earlier:
            counted = (self.before[0] if self.before else 0) - sum(lengths)
        else:
            counted = self.after[-1] if self.after else 0
        sums = list(accumulate(lengths, initial=counted))
        new = _Sums(years, opens, closes, sums[:-1], sums[1:])
        first, second = (new, self) if is_earlier else (self, new)
        return _Sums(
            range(first.years[0] if first.years else years[0], second.years[-1] + 1),
            first.opens + second.opens,
            first.closes + second.closes,
            first.before + second.before,
            first.after + second.after,
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
