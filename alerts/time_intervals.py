"""Stretches of wall-clock time that routes name, in Alertmanager's format: times, weekdays, days, months, years.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

import calendar
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from domain.config_file import ConfigModel

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = tuple(name.lower() for name in calendar.month_name)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_SHORTEST_MONTH = 28
_MINUTES_A_DAY = 24 * 60
# First and last, both inside.
Range = tuple[int, int]


def _range_of(step: Callable[[str], int], accepted: str) -> BeforeValidator:
    """Reads FIRST:LAST, or one for both; `step` gives the number of one, ValueError where there is none."""

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError(f"is not a range; give {accepted}")
        first, colon, last = str(value).strip().lower().partition(":")
        try:
            begins = step(first)
            return begins, step(last) if colon else begins
        except ValueError:
            raise ValueError(f'is "{value}"; give {accepted}') from None

    return BeforeValidator(read)


def _month(text: str) -> int:
    number = int(text) if text.isdecimal() else _MONTHS.index(text)
    if not 1 <= number <= 12:
        raise ValueError(text)
    return number


def _in_order(value: Range) -> Range:
    if value[0] > value[1]:
        raise ValueError("is a range that ends before it begins; give two ranges, or the earlier end first")
    return value


def _possible_days(value: Range) -> Range:
    first, last = value
    if not all(1 <= abs(day) <= 31 for day in value):
        raise ValueError("is no day of a month; give 1 to 31, or -31 to -1 counted from its end")
    if first < 0 < last:
        raise ValueError("is a range from a day counted from the end to one from the start; give two ranges")
    # As Alertmanager has it, which leaves a day out of the shortest month to be sure: 28:-1 is refused.
    if _or_from_end(first) > _or_from_end(last):
        raise ValueError("is a range that could end before it begins; give two ranges, or the earlier end first")
    return value


def _or_from_end(day: int) -> int:
    return day if day > 0 else _SHORTEST_MONTH + day


def _day_in(day: int, days_in_month: int) -> int:
    return day if day > 0 else days_in_month + day + 1


def _minute(value: object) -> object:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a time of day; give HH:MM, 00:00 to 24:00")
    return int(match[1]) * 60 + int(match[2]) if match[1] else _MINUTES_A_DAY


def _zone(value: object) -> object:
    # A machine's own zone ("Local") would make the same file mean different hours elsewhere.
    if isinstance(value, str) and value != "Local":
        try:
            return ZoneInfo(value).key
        except (ValueError, OSError, KeyError):
            pass
    raise ValueError("is not a time zone; give a name such as Europe/Berlin or UTC")


Minute = Annotated[int, BeforeValidator(_minute)]
ZoneName = Annotated[str, BeforeValidator(_zone)]
WeekdayRange = Annotated[
    Range, AfterValidator(_in_order), _range_of(_WEEKDAYS.index, "a day such as monday, or monday:friday")
]
DayRange = Annotated[Range, AfterValidator(_possible_days), _range_of(int, "a day such as 1, 1:5 or -3:-1")]
MonthRange = Annotated[
    Range, AfterValidator(_in_order), _range_of(_month, "a month such as january, 1, or january:march")
]
YearRange = Annotated[Range, AfterValidator(_in_order), _range_of(int, "a year such as 2027, or 2027:2029")]


class TimeRange(ConfigModel):
    """Times of day from `start_time` until before `end_time`."""

    start_time: Minute
    end_time: Minute

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start_time >= self.end_time:
            raise ValueError("start_time is not before end_time; give two ranges where one passes midnight")
        return self

    def contains(self, minute: int) -> bool:
        """Whether that minute of the day is in it."""
        return self.start_time <= minute < self.end_time


class TimeSpec(ConfigModel):
    """One stretch: an instant is in it that meets every part that is given, each by one of its ranges."""

    times: Annotated[tuple[TimeRange, ...], Field(min_length=1)] | None = None
    weekdays: Annotated[tuple[WeekdayRange, ...], Field(min_length=1)] | None = None
    days_of_month: Annotated[tuple[DayRange, ...], Field(min_length=1)] | None = None
    months: Annotated[tuple[MonthRange, ...], Field(min_length=1)] | None = None
    years: Annotated[tuple[YearRange, ...], Field(min_length=1)] | None = None
    location: ZoneName = "UTC"

    def contains(self, instant: datetime) -> bool:
        """Whether an instant is in it, by the wall clock of its location."""
        local = instant.astimezone(ZoneInfo(self.location))
        if self.times is not None:
            minute = local.hour * 60 + local.minute
            if not any(one.contains(minute) for one in self.times):
                return False
        return (
            _meets(self.weekdays, local.isoweekday() % 7)
            and _meets(self.months, local.month)
            and _meets(self.years, local.year)
            and (self.days_of_month is None or any(_holds_day(one, local) for one in self.days_of_month))
        )


class TimeIntervalConfig(ConfigModel):
    """A name for stretches of time; an instant is in it that is in one of them."""

    name: str = Field(min_length=1)
    time_intervals: tuple[TimeSpec, ...] = Field(min_length=1)

    def contains(self, instant: datetime) -> bool:
        """Whether an instant is in one of the stretches."""
        return any(one.contains(instant) for one in self.time_intervals)


def _meets(ranges: tuple[Range, ...] | None, value: int) -> bool:
    return ranges is None or any(first <= value <= last for first, last in ranges)


def _holds_day(range_: Range, local: datetime) -> bool:
    days = calendar.monthrange(local.year, local.month)[1]
    # A day before the first (-31 in April) counts as the first, one after the last is in no range.
    first, last = (_day_in(day, days) for day in range_)
    return first <= local.day <= last
