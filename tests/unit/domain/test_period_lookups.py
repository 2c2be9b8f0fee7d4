"""Periods by their names, their bounds, and the one that is being closed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.calendar import Calendar
from domain.period import Months, Periods, PeriodScheme, Weeks, YearEnd
from milepost.settings import Settings
from rules.calendars import load_calendars
from rules.periods import load_periods

SHIPPED = Settings().calendars_path
CALENDARS: dict[str, Calendar] = load_calendars([SHIPPED])
PERIODS: Periods = load_periods(SHIPPED, CALENDARS)
WEEKS = PeriodScheme("retail", Weeks((4, 4, 5), 1, 5, YearEnd.LAST), "America/New_York")
MONTHS = PeriodScheme("months", Months(), "Asia/Tokyo")


@pytest.mark.parametrize("scheme", [PERIODS.default, WEEKS, MONTHS], ids=lambda scheme: scheme.name)
def test_every_period_is_found_by_its_name(scheme: PeriodScheme) -> None:
    day = datetime(2024, 12, 1, 12, tzinfo=UTC)
    for number in range(0, 1200, 9):
        period = scheme.period(day + timedelta(days=number))
        assert scheme.named(period.name) == period


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-P13", "next", "０１２３-01", "9999-01"])
def test_there_is_no_period_of_another_name(name: str) -> None:
    assert PERIODS.default.named(name) is None
    assert WEEKS.named(name) is None


def test_a_period_lasts_from_midnight_to_midnight_on_its_own_clock() -> None:
    november = MONTHS.named("2026-11")

    assert november is not None
    assert MONTHS.bounds(november) == (
        datetime(2026, 10, 31, 15, tzinfo=UTC),
        datetime(2026, 11, 30, 15, tzinfo=UTC),
    )
    assert MONTHS.after(november).first_day == date(2026, 12, 1)
    assert MONTHS.before(MONTHS.after(november)) == november


@pytest.mark.parametrize(
    ("at", "name"),
    [
        pytest.param(datetime(2026, 11, 20, tzinfo=UTC), "2026-11", id="in its middle"),
        pytest.param(datetime(2026, 12, 3, 17, tzinfo=UTC), "2026-11", id="at the cutoff of the one before"),
        pytest.param(datetime(2026, 12, 3, 17, 0, 1, tzinfo=UTC), "2026-12", id="after that cutoff"),
    ],
)
def test_the_period_that_is_closing_is_the_one_whose_cutoff_comes_next(at: datetime, name: str) -> None:
    assert PERIODS.default.closing(at).name == name
