"""Reads the accounting periods of calendars.yaml: how a year is cut, and when a period closes."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from domain.calendar import DAY, Calendar
from domain.config_file import ConfigFile, ConfigModel, load_file, show
from domain.errors import ConfigError, Problem
from domain.period import Cutoff, Months, Pattern, Periods, PeriodScheme, Weeks, YearEnd
from rules.calendars import CalendarConfig, TimeZone

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_MOST_BUSINESS_DAYS = 60
_PATTERNS = ("months", "4-4-5", "4-5-4", "5-4-4")


def _time_of_day(value: object) -> timedelta:
    if isinstance(value, str) and _TIME.fullmatch(value):
        hour, minute = value.split(":")
        return timedelta(hours=int(hour), minutes=int(minute))
    raise ValueError(f"is {show(value)}; give a time of day, such as 18:00")


class YearEndConfig(ConfigModel):
    """The day that ends a year of weeks: of the weekdays around the end of a month the last in it, or the nearest."""

    month: Annotated[int, Field(ge=1, le=12)]
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    day: YearEnd = YearEnd.LAST


class CutoffConfig(ConfigModel):
    """So many business days after a period's last day, at a time of day: by default at the end of that day."""

    business_days: Annotated[int, Field(ge=1, le=_MOST_BUSINESS_DAYS)]
    calendar: str
    at: Annotated[timedelta, BeforeValidator(_time_of_day)] = DAY


class PeriodSchemeConfig(ConfigModel):
    """How some legal entities cut their years; the scheme called default is for all others."""

    pattern: Literal["months", "4-4-5", "4-5-4", "5-4-4"]
    time_zone: TimeZone
    year_end: YearEndConfig | None = None
    cutoff: CutoffConfig | None = None
    legal_entities: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> "PeriodSchemeConfig":
        if self.pattern == "months" and self.year_end:
            raise ValueError("year_end says nothing where periods are months; remove it")
        if self.pattern != "months" and not self.year_end:
            raise ValueError(
                f"pattern {self.pattern} needs the end of its year; "
                "give year_end such as {month: 1, weekday: sat, day: last}"
            )
        return self

    def scheme(self, name: str, calendars: Mapping[str, Calendar]) -> PeriodScheme:
        """The scheme it describes; its calendar is one of those."""
        given = self.cutoff
        cutoff = Cutoff(given.business_days, calendars[given.calendar], given.at) if given else None
        return PeriodScheme(name, self._pattern(), self.time_zone, cutoff)

    def _pattern(self) -> Pattern:
        if self.year_end is None:
            return Months()
        first, second, third = map(int, self.pattern.split("-"))
        return Weeks((first, second, third), self.year_end.month, _DAYS.index(self.year_end.weekday), self.year_end.day)


class PeriodsFile(ConfigModel):
    """A calendars.yaml, for its periods."""

    calendars: dict[str, CalendarConfig]
    periods: dict[str, PeriodSchemeConfig] = Field(default_factory=dict)


def load_periods(path: Path, calendars: Mapping[str, Calendar]) -> Periods:
    """The accounting periods that a file states; calendar months in UTC where it states none."""
    file = load_file(path, PeriodsFile)
    problems = _problems(file, calendars)
    if problems:
        raise ConfigError(problems)
    schemes = {name: config.scheme(name, calendars) for name, config in file.model.periods.items()}
    by_legal_entity = {
        entity: schemes[name] for name, config in file.model.periods.items() for entity in config.legal_entities
    }
    return Periods(schemes.get("default", Periods().default), by_legal_entity)


def _problems(file: ConfigFile[PeriodsFile], calendars: Mapping[str, Calendar]) -> list[Problem]:
    problems = []
    taken: dict[str, str] = {}
    for name, config in file.model.periods.items():
        if config.cutoff and config.cutoff.calendar not in calendars:
            accepted = ", ".join(sorted(calendars))
            message = (
                f'periods "{name}": calendar {show(config.cutoff.calendar)} is not defined; give one of {accepted}'
            )
            problems.append(file.problem(("periods", name, "cutoff", "calendar"), message))
        if name == "default" and config.legal_entities:
            message = (
                'periods "default": legal_entities says nothing here: default is for all that no other scheme names'
            )
            problems.append(file.problem(("periods", name, "legal_entities"), message))
        if name != "default" and not config.legal_entities:
            message = f'periods "{name}": names no legal_entities; give those that cut their years so'
            problems.append(file.problem(("periods", name), message))
        for number, entity in enumerate(config.legal_entities):
            if entity in taken:
                message = f'periods "{name}": legal entity {show(entity)} stands under "{taken[entity]}" already'
                problems.append(file.problem(("periods", name, "legal_entities", number), message))
            taken.setdefault(entity, name)
    return problems
