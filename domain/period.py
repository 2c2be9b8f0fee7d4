"""Accounting periods: which one an instant belongs to, and until when work of that period may still be done.

Two ways of cutting a year are known: calendar months, and the weeks of the retail calendar, in which a year of 52 or 53
weeks ends on a given weekday and its quarters have 4, 4 and 5 weeks (or 4, 5, 4 or 5, 4, 4).
https://nrf.com/resources/4-5-4-calendar
"""

import calendar
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Protocol
from zoneinfo import ZoneInfo

from domain.calendar import DAY, Calendar

_MICROSECOND = timedelta(microseconds=1)
_WEEK = timedelta(weeks=1)
# No period is closed later than this.
_MOST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Period:
    """A period from its first day up to and with its last, and its cutoff: the last instant that still counts."""

    name: str
    first_day: date
    last_day: date
    cutoff_at: datetime


class YearEnd(StrEnum):
    """Which of the weekdays around the end of a month ends the year."""

    LAST = "last"
    NEAREST = "nearest"


class Pattern(Protocol):
    """A way of cutting years into periods."""

    def containing(self, day: date) -> tuple[str, date, date]:
        """The period that a day belongs to: its name, first and last day."""


@dataclass(frozen=True, slots=True)
class Months:
    """A period is a calendar month, called like 2026-01."""

    def containing(self, day: date) -> tuple[str, date, date]:
        """The month of a day."""
        last = calendar.monthrange(day.year, day.month)[1]
        return f"{day:%Y-%m}", day.replace(day=1), day.replace(day=last)


@dataclass(frozen=True, slots=True)
class Weeks:
    """A period is some weeks of a year that ends on a weekday (Monday is 0) at the end of a month.

    A period is called like 2026-P01, its year like the calendar year in which the month that ends it lies. A 53rd week
    belongs to the last period.
    """

    quarter: tuple[int, int, int]
    month: int
    weekday: int
    year_end: YearEnd

    def containing(self, day: date) -> tuple[str, date, date]:
        """The period of a day."""
        year = day.year - 1
        while self.last_day(year) < day:
            year += 1
        first = self.last_day(year - 1) + DAY
        week = (day - first) // _WEEK
        starts = [sum((self.quarter * 4)[:number]) for number in range(12)]
        number = bisect_right(starts, week)
        begins = first + starts[number - 1] * _WEEK
        ends = self.last_day(year) if number == 12 else first + starts[number] * _WEEK - DAY
        return f"{year}-P{number:02}", begins, ends

    def last_day(self, year: int) -> date:
        """The last day of a year."""
        end = date(year, self.month, calendar.monthrange(year, self.month)[1])
        back = (end.weekday() - self.weekday) % 7
        if self.year_end is YearEnd.NEAREST and back > 3:
            back -= 7
        return end - back * DAY


@dataclass(frozen=True, slots=True)
class Cutoff:
    """Until when work of a period counts: at a time of day, so many business days of a calendar after its last day."""

    business_days: int
    calendar: Calendar
    at: timedelta = DAY

    def day(self, last_day: date) -> date:
        """The day of the cutoff of a period with this last day; ValueError where the calendar hardly ever opens."""
        day, left = last_day, self.business_days
        for _ in range(_MOST_DAYS):
            if not left:
                return day
            day += DAY
            left -= self.calendar.is_open_on(day)
        raise ValueError(f"calendar {self.calendar.name} has no {self.business_days} business days after {last_day}")


@dataclass(frozen=True)
class PeriodScheme:
    """How legal entities cut their years, by the clocks of which place, and when their periods close."""

    name: str
    pattern: Pattern
    time_zone: str
    cutoff: Cutoff | None = None

    def period(self, instant: datetime) -> Period:
        """The period that an instant belongs to."""
        return self._period_of(instant.astimezone(self._zone).date())

    def named(self, name: str) -> Period | None:
        """The period of that name; None where this scheme has none of it."""
        year = name[:4]
        if not (len(year) == 4 and year.isascii() and year.isdigit()) or not 1901 <= int(year) <= 2298:
            return None
        # Weeks of a year may begin in the one before, and end in the one after.
        day, last = date(int(year) - 1, 1, 1), date(int(year) + 1, 1, 31)
        while day <= last:
            period = self._period_of(day)
            if period.name == name:
                return period
            day = period.last_day + DAY
        return None

    def require(self, name: str) -> Period:
        """The period of that name; ValueError where this scheme has none of it."""
        if (found := self.named(name)) is None:
            example = self.pattern.containing(date(2026, 10, 15))[0]
            raise ValueError(f"is {name[:40]!r}; give a period as scheme {self.name} calls them, such as {example}")
        return found

    def before(self, period: Period) -> Period:
        """The period before one of this scheme."""
        return self._period_of(period.first_day - DAY)

    def after(self, period: Period) -> Period:
        """The period after one of this scheme."""
        return self._period_of(period.last_day + DAY)

    def closing(self, instant: datetime) -> Period:
        """The period whose cutoff comes next: the last one while it is being closed, then the current one."""
        period = self.period(instant)
        while (earlier := self.before(period)).cutoff_at >= instant:
            period = earlier
        return period

    def bounds(self, period: Period) -> tuple[datetime, datetime]:
        """From when on, and before when, what occurs belongs to a period."""
        return self._start_of(period.first_day), self._start_of(period.last_day + DAY)

    def _period_of(self, day: date) -> Period:
        known = self._known.get(day)
        if known is None:
            name, first, last = self.pattern.containing(day)
            known = self._known[day] = Period(name, first, last, self._cutoff_at(last))
        return known

    @cached_property
    def _known(self) -> dict[date, Period]:
        return {}

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def _cutoff_at(self, last_day: date) -> datetime:
        if self.cutoff is None:
            return self._end_of(last_day)
        day = self.cutoff.day(last_day)
        if self.cutoff.at >= DAY:
            return self._end_of(day)
        return (datetime.combine(day, time(), self._zone) + self.cutoff.at).astimezone(UTC)

    def _end_of(self, day: date) -> datetime:
        # What occurs at midnight occurs on the next day already.
        return self._start_of(day + DAY) - _MICROSECOND

    def _start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Periods:
    """The schemes by legal entity, and the one for entities that are not named or not known."""

    default: PeriodScheme = PeriodScheme("default", Months(), "UTC")
    by_legal_entity: Mapping[str, PeriodScheme] = field(default_factory=dict)

    def period(self, legal_entity: str | None, instant: datetime) -> Period:
        """The period of a legal entity that an instant belongs to."""
        return self.scheme(legal_entity).period(instant)

    def scheme(self, legal_entity: str | None) -> PeriodScheme:
        """How a legal entity cuts its years."""
        return self.by_legal_entity.get(legal_entity, self.default) if legal_entity else self.default
