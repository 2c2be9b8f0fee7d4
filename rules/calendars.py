"""Reads calendars.yaml: which hours of which days count."""

import difflib
import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import holidays
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from domain.calendar import DAY, Calendar, OpenHours
from domain.config_file import ConfigModel, load_file, show
from domain.errors import ConfigError, Problem

SHIPPED = Path(__file__).parent / "calendars.yaml"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _known_time_zone(name: str) -> str:
    known = available_timezones()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ValueError(
            f"is {show(name)}; give a time zone of the IANA list, such as {(near or ['Europe/Berlin'])[0]}"
        )
    return name


def _days(text: str) -> range:
    first, dash, last = text.partition("-")
    last = last if dash else first
    if first not in _DAYS or last not in _DAYS or _DAYS.index(first) > _DAYS.index(last):
        raise ValueError(f"{show(text)} names no days; give one of {', '.join(_DAYS)}, or a span such as mon-fri")
    return range(_DAYS.index(first), _DAYS.index(last) + 1)


def _open_hours(text: str) -> OpenHours:
    match = _HOURS.fullmatch(text)
    if match:
        from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
        opens = timedelta(hours=from_hour, minutes=from_minute)
        closes = timedelta(hours=to_hour, minutes=to_minute)
        if opens < closes <= DAY and from_minute < 60 and to_minute < 60:
            return OpenHours(opens, closes)
    raise ValueError(f"{show(text)} names no hours; give a span within one day, such as 09:00-17:00")


def _week(hours: dict[str, tuple[str, ...]]) -> tuple[tuple[OpenHours, ...], ...]:
    """The week that `hours` states; ValueError where days come twice, hours overlap, or nothing is open."""
    week: list[tuple[OpenHours, ...] | None] = [None] * len(_DAYS)
    for days, spans in hours.items():
        open_hours = sorted((_open_hours(span) for span in spans), key=lambda span: span.opens)
        for one, other in pairwise(open_hours):
            if other.opens < one.closes:
                raise ValueError(f"the hours of {days} overlap")
        for day in _days(days):
            if week[day] is not None:
                raise ValueError(f"the hours of {_DAYS[day]} are given twice")
            week[day] = tuple(open_hours)
    if not any(week):
        raise ValueError("no hour is open; give hours such as {mon-fri: ['09:00-17:00']}")
    return tuple(day or () for day in week)


def _checked_hours(hours: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    _week(hours)
    return hours


def _date(value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f"is {show(value)}; give a date, such as 2026-12-24")


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class HolidaysConfig(ConfigModel):
    """Whose public holidays are closed: an ISO 3166 country, and a part of it where they differ."""

    country: str
    subdivision: str | None = None

    @model_validator(mode="after")
    def _supported(self) -> "HolidaysConfig":
        supported = holidays.list_supported_countries()
        if self.country not in supported:
            raise ValueError(f"country is {show(self.country)}; give an ISO 3166 code such as DE, US, GB")
        parts = supported[self.country]
        if self.subdivision is not None and self.subdivision not in parts:
            accepted = f"one of {', '.join(parts)}" if parts else "none: its holidays are the same everywhere"
            raise ValueError(f"subdivision is {show(self.subdivision)}; for {self.country} give {accepted}")
        return self


class CalendarConfig(ConfigModel):
    """One calendar as its author wrote it."""

    time_zone: TimeZone
    hours: Annotated[dict[str, tuple[str, ...]], AfterValidator(_checked_hours)]
    holidays: HolidaysConfig | None = None
    closed: tuple[Annotated[date, BeforeValidator(_date)], ...] = ()

    def calendar(self, name: str) -> Calendar:
        """The calendar it describes."""
        return Calendar(
            name=name,
            time_zone=self.time_zone,
            week=_week(self.hours),
            country=self.holidays.country if self.holidays else None,
            subdivision=self.holidays.subdivision if self.holidays else None,
            closures=frozenset(self.closed),
        )


class CalendarsConfig(ConfigModel):
    """A file of calendars, by name, and of the accounting periods that refer to them; see rules/periods.py."""

    calendars: dict[str, CalendarConfig] = Field(min_length=1)
    periods: dict[str, Any] = Field(default_factory=dict)


def load_calendars(paths: Iterable[Path]) -> dict[str, Calendar]:
    """The calendars of all files by name, a later file's in place of an earlier one's; ConfigError names all."""
    calendars: dict[str, Calendar] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            file = load_file(path, CalendarsConfig)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        for name, config in file.model.calendars.items():
            if not _NAME.fullmatch(name):
                message = (
                    f"calendar {show(name)}: the name is not lower-case letters, digits and _, such as de_business"
                )
                problems.append(file.problem(("calendars", name), message))
            calendars[name] = config.calendar(name)
    if problems:
        raise ConfigError(problems)
    return calendars
