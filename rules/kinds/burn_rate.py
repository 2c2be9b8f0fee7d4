"""Judges how fast the clocks of a milestone rule spend its error budget, every five minutes.

The windows and factors are those of multi-window, multi-burn-rate alerts: the long window says that enough of the
budget is gone (2% in an hour, 5% in six hours, 10% in a day or in
three), the short one that it is still going.
Google, The Site Reliability Workbook, chapter 5, "Alerting on SLOs": https://sre.google/workbook/alerting-on-slos/
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate

from domain.duration import write_duration
from domain.series_rule import BurnRateRule, BurnWindows
from rules.kinds.grid import GridSeries, GridState, Verdict, instants_in, judge
from rules.kinds.series_told import SeriesTold

STEP = timedelta(minutes=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The workbook's alerts for an objective over thirty days: the first two page, the others make a ticket.
DEFAULT_WINDOWS = (
    BurnWindows(Fraction("14.4"), HOUR, STEP, "critical"),
    BurnWindows(Fraction(6), 6 * HOUR, HOUR / 2, "critical"),
    BurnWindows(Fraction(3), DAY, 2 * HOUR, "warning"),
    BurnWindows(Fraction(1), 3 * DAY, 6 * HOUR, "warning"),
)


@dataclass(frozen=True, slots=True)
class Count:
    """From `known_at` on, so many clocks more (or fewer) went well or badly in the five minutes that end at `at`."""

    at: datetime
    known_at: datetime
    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What happened in a window."""

    good: int
    bad: int

    @property
    def clocks(self) -> int:
        """How many clocks ended or broke in it."""
        return self.good + self.bad

    def rate(self, objective: Fraction) -> Fraction:
        """How many times faster than allowed the budget was spent; nothing happened, nothing was."""
        return Fraction(self.bad, self.clocks) / (1 - objective) if self.clocks > 0 else Fraction(0)


def advance(
    rule: BurnRateRule, state: GridState, counts: Iterable[Count], after: datetime, through: datetime
) -> list[SeriesTold]:
    """What is told in (after, through] by what was counted; brings `state` up to `through`."""
    counts = sorted(counts, key=lambda count: (count.known_at, count.at))
    by_labels = {series.labels: series for series in state.series}
    levels = list(dict.fromkeys(windows.level for windows in rule.windows))
    told = []
    for instant in _instants_of_change(rule, counts, list(instants_in(after, through, STEP))):
        known = _Buckets(counts[: bisect_right(counts, instant, key=lambda count: count.known_at)])
        for level in levels:
            labels = (("burn", level),)
            series = by_labels.setdefault(labels, GridSeries(labels))
            change = judge(rule, series, _verdict(rule, known, level, instant), instant)
            if change:
                told.append(change)
    state.series = [series for series in by_labels.values() if not series.is_at_rest]
    return told


def _instants_of_change(rule: BurnRateRule, counts: Sequence[Count], instants: list[datetime]) -> list[datetime]:
    """The first of the instants, and each at which a count becomes known, or enters or leaves a window."""
    if len(instants) < 2:
        return instants
    shifts = {timedelta(0), *(windows.short for windows in rule.windows), *(windows.long for windows in rule.windows)}
    changes = {count.known_at for count in counts}
    changes.update(end + shift for end in {count.at for count in counts} for shift in shifts)
    first, last, step = instants[0], instants[-1], instants[1] - instants[0]
    places = {-((first - change) // step) for change in changes if first < change <= last}
    return [first, *(instants[place] for place in sorted(places))]


class _Buckets:
    """Counts by their five minutes, summed up so that any window costs two look-ups."""

    def __init__(self, counts: Sequence[Count]) -> None:
        ordered = sorted(counts, key=lambda count: count.at)
        self._ends = [count.at for count in ordered]
        self._good = list(accumulate((count.good for count in ordered), initial=0))
        self._bad = list(accumulate((count.bad for count in ordered), initial=0))

    def spent(self, until: datetime, window: timedelta) -> Spent:
        """What happened in (until - window, until]."""
        first, last = bisect_right(self._ends, until - window), bisect_right(self._ends, until)
        return Spent(self._good[last] - self._good[first], self._bad[last] - self._bad[first])


def _verdict(rule: BurnRateRule, known: _Buckets, level: str, instant: datetime) -> Verdict:
    verdicts = [_judge_windows(rule, known, windows, instant) for windows in rule.windows if windows.level == level]
    # One pair that burns is enough; while one may still burn, nobody says that all is well.
    for is_beyond in (True, None, False):
        for verdict in verdicts:
            if verdict.is_beyond is is_beyond:
                return verdict
    raise AssertionError("a level without windows")


def _judge_windows(rule: BurnRateRule, known: _Buckets, windows: BurnWindows, instant: datetime) -> Verdict:
    long, short = known.spent(instant, windows.long), known.spent(instant, windows.short)

    def what() -> str:
        rates = (float(long.rate(rule.objective)), float(short.rate(rule.objective)))
        return (
            f"{rule.target.name} spends the error budget of {float(rule.objective * 100):g}% over "
            f"{write_duration(rule.over)} {rates[0]:.3g} times too fast in {write_duration(windows.long)} "
            f"({long.bad} of {long.clocks} broken) and {rates[1]:.3g} times in {write_duration(windows.short)} "
            f"({short.bad} of {short.clocks}); {float(windows.factor):g} times is too much"
        )

    is_beyond: bool | None = False
    if long.clocks >= rule.minimum and long.rate(rule.objective) >= windows.factor:
        # Where nothing ended lately nobody knows whether it goes on.
        is_beyond = short.rate(rule.objective) >= windows.factor if short.clocks else None
    return Verdict(is_beyond, what, windows.level)
