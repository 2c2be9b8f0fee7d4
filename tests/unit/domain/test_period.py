"""Accounting periods against hand-worked cases, and against the days they are made of."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import DAY, Calendar, OpenHours
from domain.period import Cutoff, Months, Pattern, Periods, PeriodScheme, Weeks, YearEnd

HOUR = timedelta(hours=1)
GERMAN = Calendar("de_business", "Europe/Berlin", ((OpenHours(9 * HOUR, 17 * HOUR),),) * 5 + ((), ()), country="DE")
SATURDAY = 5
# The retail calendar: years end on the Saturday nearest to the end of January. https://nrf.com/resources/4-5-4-calendar
RETAIL = Weeks((4, 5, 4), 1, SATURDAY, YearEnd.NEAREST)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "day", "expected"),
    [
        pytest.param(Months(), "2026-02-28", ("2026-02", "2026-02-01", "2026-02-28"), id="the last day of a month"),
        pytest.param(Months(), "2028-02-29", ("2028-02", "2028-02-01", "2028-02-29"), id="a leap day"),
        pytest.param(
            RETAIL, "2024-02-03", ("2024-P12", "2023-12-31", "2024-02-03"), id="a 53rd week, of the last period"
        ),
        pytest.param(RETAIL, "2024-02-04", ("2025-P01", "2024-02-04", "2024-03-02"), id="the day after it"),
        pytest.param(RETAIL, "2024-03-03", ("2025-P02", "2024-03-03", "2024-04-06"), id="a period of five weeks"),
        pytest.param(RETAIL, "2025-02-01", ("2025-P12", "2025-01-05", "2025-02-01"), id="a year of 52 weeks"),
        pytest.param(
            Weeks((4, 4, 5), 12, 6, YearEnd.LAST),
            "2026-12-27",
            ("2026-P12", "2026-11-23", "2026-12-27"),
            id="4-4-5 to the last Sunday of December",
        ),
    ],
)
def test_a_day_belongs_to_the_period_the_pattern_says(
    pattern: Pattern, day: str, expected: tuple[str, str, str]
) -> None:
    name, first, last = pattern.containing(date.fromisoformat(day))
    assert (name, first.isoformat(), last.isoformat()) == expected


WEEKS = st.builds(
    Weeks,
    quarter=st.sampled_from([(4, 4, 5), (4, 5, 4), (5, 4, 4)]),
    month=st.integers(1, 12),
    weekday=st.integers(0, 6),
    year_end=st.sampled_from(YearEnd),
)
DAYS = st.dates(date(1950, 1, 1), date(2250, 1, 1))


@given(st.one_of(st.just(Months()), WEEKS), DAYS)
def test_periods_follow_each_other_without_a_gap(pattern: Pattern, day: date) -> None:
    name, first, last = pattern.containing(day)
    assert first <= day <= last
    assert pattern.containing(first) == pattern.containing(last) == (name, first, last)
    following = pattern.containing(last + DAY)
    assert following[1] == last + DAY
    assert following[0] != name


@given(WEEKS, DAYS)
def test_periods_of_weeks_are_whole_weeks_that_end_on_the_weekday(weeks: Weeks, day: date) -> None:
    _, first, last = weeks.containing(day)
    assert last.weekday() == weeks.weekday
    assert ((last - first).days + 1) // 7 in (4, 5, 6)
    assert ((last - first).days + 1) % 7 == 0


@pytest.mark.parametrize(
    ("scheme", "instant", "name", "cutoff_at"),
    [
        pytest.param(
            PeriodScheme("default", Months(), "UTC"),
            "2026-01-31T23:59:59.999999",
            "2026-01",
            "2026-01-31T23:59:59.999999",
            id="without a cutoff the last microsecond of the period",
        ),
        pytest.param(
            PeriodScheme("default", Months(), "Europe/Berlin"),
            "2026-01-31T23:00",
            "2026-02",
            "2026-02-28T22:59:59.999999",
            id="midnight is the next period's, by the clocks of the place",
        ),
        pytest.param(
            PeriodScheme("default", Months(), "Europe/Berlin", Cutoff(3, GERMAN, 18 * HOUR)),
            "2026-03-15T12:00",
            "2026-03",
            "2026-04-07T16:00",
            id="the third business day after Easter, in summer time",
        ),
        pytest.param(
            PeriodScheme("default", Months(), "Europe/Berlin", Cutoff(1, GERMAN)),
            "2026-02-15T12:00",
            "2026-02",
            "2026-03-02T22:59:59.999999",
            id="at the end of the business day",
        ),
    ],
)
def test_the_cutoff_is_the_last_instant_that_counts(
    scheme: PeriodScheme, instant: str, name: str, cutoff_at: str
) -> None:
    period = scheme.period(utc(instant))
    assert (period.name, period.cutoff_at) == (name, utc(cutoff_at))


def test_a_calendar_that_hardly_opens_has_no_cutoff() -> None:
    never = Calendar("never", "UTC", ((OpenHours(0 * HOUR, HOUR),),) + ((),) * 6, closures=frozenset())
    with pytest.raises(ValueError, match="calendar never has no 60 business days after 2026-01-31"):
        PeriodScheme("default", Months(), "UTC", Cutoff(60, never)).period(utc("2026-01-15"))


def test_a_legal_entity_has_its_own_scheme_and_all_others_the_default() -> None:
    periods = Periods(by_legal_entity={"US01": PeriodScheme("retail", RETAIL, "America/New_York")})
    assert periods.period("US01", utc("2026-06-15")).name == "2027-P05"
    assert periods.period("DE01", utc("2026-06-15")).name == "2026-06"
    assert periods.period(None, utc("2026-06-15")).name == "2026-06"
