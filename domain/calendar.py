"""Calendars: which instants count, and the instant at which so much counted time has passed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from domain.open_time import OpenTime, Stretch

# A pause that has not ended has no second instant.
PauseStretch = tuple[datetime, datetime | None]
DAY = timedelta(days=1)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
# The loader refuses windows that need more than ten years; no search has reason to go further than this.
_HORIZON_DAYS = 20_000
# Offsets from UTC go from -12 h to +14 h, so this holds every instant of a local day anywhere.
_DAY_MARGIN = timedelta(hours=15)
_OFFSET_STEP = timedelta(hours=6)
# Longer than any window that the loader lets pass is on the wall clock.
_FURTHEST_BACK = timedelta(days=11 * 366)
_CLOSE_ENOUGH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenHours:
    """A stretch of a local day, as wall-clock time since its midnight; 24 h is the day's end."""

    opens: timedelta
    closes: timedelta


@dataclass(frozen=True, slots=True)
class Calendar:
    """The open hours of a place: its time zone, a week's hours, public holidays and further closed days.

    `week` has Monday first; a day's stretches do not overlap. An hour that the place's clocks show twice
    counts twice, one that they skip does not count.
    """

    name: str
    time_zone: str
    week: tuple[tuple[OpenHours, ...], ...]
    country: str | None = None
    subdivision: str | None = None
    closures: frozenset[date] = frozenset()
    _days: dict[date, tuple[Stretch, ...]] = field(default_factory=dict, compare=False, repr=False, init=False)
    _open_time: OpenTime = field(compare=False, repr=False, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_open_time", OpenTime(self._open_on))

    @property
    def open_per_week(self) -> timedelta:
        """Open time in a week without holidays and clock changes."""
        return sum((hours.closes - hours.opens for day in self.week for hours in day), timedelta(0))

    def add(self, start: datetime, duration: timedelta, pauses: Sequence[PauseStretch] = ()) -> datetime | None:
        """The first instant with `duration` of open, unpaused time since `start`; None while a pause lasts.

        Exact to the microsecond; at closing time it is that day's closing, not the next opening.
        """
        if not pauses:
            return self._open_time.add(start, duration)
        return _spend(start, duration, self._stretches(start), pauses)

    def is_open_on(self, day: date) -> bool:
        """Whether a local day has any open time."""
        return bool(self._open_on(day))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from `start` until `end`."""
        return self._open_time.between(start, end)

    def _stretches(self, start: datetime) -> Iterator[Stretch]:
        first = start.astimezone(ZoneInfo(self.time_zone)).date()
        for number in range(_HORIZON_DAYS):
            yield from self._open_on(first + number * DAY)

    def _open_on(self, day: date) -> tuple[Stretch, ...]:
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = self._work_out(day)
        return known

    def _work_out(self, day: date) -> tuple[Stretch, ...]:
        hours = self.week[day.weekday()]
        if not hours or day in self.closures:
            return ()
        if self.country and day in _holidays(self.country, self.subdivision, day.year):
            return ()
        midnight = datetime.combine(day, time(), UTC)
        stretches = []
        for begin, end, offset in _offsets(
            ZoneInfo(self.time_zone), midnight - _DAY_MARGIN, midnight + DAY + _DAY_MARGIN
        ):
            for stretch in hours:
                opens = max(begin, midnight + stretch.opens - offset)
                closes = min(end, midnight + stretch.closes - offset)
                if opens < closes:
                    stretches.append((opens, closes))
        return tuple(sorted(stretches))


def add_time(start: datetime, duration: timedelta, pauses: Sequence[PauseStretch] = ()) -> datetime | None:
    """As `Calendar.add` where every hour counts."""
    if not pauses:
        return start + duration
    return _spend(start, duration, ((start, _END_OF_TIME),), pauses)


def earliest_start(calendar: Calendar | None, counted: timedelta, last: datetime) -> datetime:
    """The earliest instant, or a little before it, from which so much counted time lasts until `last`."""
    if calendar is None:
        return last - counted
    low, high = last - _FURTHEST_BACK, last
    while high - low > _CLOSE_ENOUGH:
        middle = low + (high - low) // 2
        ends_at = calendar.add(middle, counted)
        low, high = (middle, high) if ends_at is not None and ends_at < last else (low, middle)
    return low


def counted_time(
    calendar: Calendar | None, start: datetime, end: datetime, pauses: Sequence[PauseStretch] = ()
) -> timedelta:
    """The time from `start` until `end` that counts: open where there is a calendar, and not paused."""
    between = calendar.between if calendar else lambda begin, close: close - begin
    return sum((between(*stretch) for stretch in _outside(start, end, _merge(pauses))), timedelta(0))


def _spend(
    start: datetime, duration: timedelta, stretches: Iterable[Stretch], pauses: Sequence[PauseStretch]
) -> datetime | None:
    if duration <= timedelta(0):
        return start
    left = duration
    merged = _merge(pauses)
    for opens, closes in stretches:
        for begin, end in _outside(max(opens, start), closes, merged):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        if merged and merged[-1][1] == _END_OF_TIME and closes >= merged[-1][0]:
            return None
    return None


def _merge(pauses: Sequence[PauseStretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for begin, end in sorted((begin, end or _END_OF_TIME) for begin, end in pauses):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _outside(begin: datetime, end: datetime, pauses: Sequence[Stretch]) -> Iterator[Stretch]:
    for pause_begin, pause_end in pauses:
        if pause_end <= begin:
            continue
        if pause_begin >= end:
            break
        if begin < pause_begin:
            yield begin, pause_begin
        begin = pause_end
    if begin < end:
        yield begin, end


def _offsets(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The stretches between two instants in which a zone keeps one offset from UTC."""
    since, offset = begin, _offset(zone, begin)
    probe = begin
    while probe < end:
        before, probe = probe, min(probe + _OFFSET_STEP, end)
        if _offset(zone, probe) == offset:
            continue
        low, high = before, probe
        # Clocks change at whole seconds.
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) // 2).replace(microsecond=0)
            low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
        yield since, high, offset
        since, offset = high, _offset(zone, high)
    yield since, end, offset


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    # A ZoneInfo always has an offset; the type allows for zones that do not know theirs.
    return offset if offset is not None else timedelta(0)


@cache
def _holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    # Asked year by year because the library's own growing set is not safe to share between threads.
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
