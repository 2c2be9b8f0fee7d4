"""Calendars against hand-worked cases and against counting open minutes one by one."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import DAY, Calendar, OpenHours, PauseStretch, add_time

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def hours(opens: float, closes: float) -> OpenHours:
    return OpenHours(opens * HOUR, closes * HOUR)


WORKING_WEEK = ((hours(9, 17),),) * 5 + ((), ())
GERMAN = Calendar("de_business", "Europe/Berlin", WORKING_WEEK, country="DE")


def every_day(*open_hours: OpenHours, zone: str = "Europe/Berlin") -> Calendar:
    return Calendar("every_day", zone, (open_hours,) * 7)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [
        pytest.param("2026-01-05T08:00", 4 * HOUR, "2026-01-05T12:00", id="within one working day"),
        pytest.param("2026-01-05T08:00", 8 * HOUR, "2026-01-05T16:00", id="at closing it is that closing"),
        pytest.param("2026-01-05T14:00", 4 * HOUR, "2026-01-06T10:00", id="overnight, in open hours alone"),
        pytest.param("2026-01-09T14:00", 4 * HOUR, "2026-01-12T10:00", id="over a weekend"),
        pytest.param("2026-01-10T03:00", HOUR, "2026-01-12T09:00", id="started when closed, from the next opening"),
        pytest.param("2026-04-02T14:00", 2 * HOUR, "2026-04-07T08:00", id="over Good Friday and Easter Monday"),
        pytest.param("2026-12-24T15:00", 2 * HOUR, "2026-12-28T09:00", id="over Christmas, which has two days off"),
        pytest.param(
            "2026-01-05T15:59:59.999999",
            timedelta(microseconds=2),
            "2026-01-06T08:00:00.000001",
            id="to the microsecond",
        ),
        pytest.param("2026-01-05T08:00", timedelta(0), "2026-01-05T08:00", id="no time at all is the start"),
    ],
)
def test_time_counts_in_open_hours_alone(start: str, duration: timedelta, expected: str) -> None:
    assert GERMAN.add(utc(start), duration) == utc(expected)


@pytest.mark.parametrize(
    ("calendar", "start", "duration", "expected"),
    [
        pytest.param(
            every_day(hours(0, 24)), "2026-10-24T22:00", 25 * HOUR, "2026-10-25T23:00", id="a day of 25 hours"
        ),
        pytest.param(
            every_day(hours(0, 24)), "2026-03-28T23:00", 23 * HOUR, "2026-03-29T22:00", id="a day of 23 hours"
        ),
        pytest.param(
            every_day(hours(1, 4)),
            "2026-10-24T12:00",
            4 * HOUR,
            "2026-10-25T03:00",
            id="the hour shown twice counts twice",
        ),
        pytest.param(
            every_day(hours(1, 4)),
            "2026-03-28T12:00",
            2 * HOUR,
            "2026-03-29T02:00",
            id="the hour skipped does not count",
        ),
        pytest.param(
            every_day(hours(2.5, 3)),
            "2026-10-24T12:00",
            45 * MINUTE,
            "2026-10-25T01:45",
            id="half of the repeated hour is open twice, with a gap between",
        ),
        pytest.param(
            every_day(hours(2, 3)),
            "2026-03-28T12:00",
            HOUR,
            "2026-03-30T01:00",
            id="hours that the clocks skip do not open",
        ),
        pytest.param(
            every_day(hours(0, 24), zone="Pacific/Apia"),
            "2011-12-29T10:00",
            48 * HOUR,
            "2011-12-31T10:00",
            id="a day that the place skipped is not there",
        ),
        pytest.param(
            every_day(hours(9, 12), hours(13, 17), zone="Asia/Kolkata"),
            "2026-01-05T06:00",
            HOUR,
            "2026-01-05T08:00",
            id="a lunch break in a zone of half hours",
        ),
    ],
)
def test_clock_changes_are_counted_as_they_happen(
    calendar: Calendar, start: str, duration: timedelta, expected: str
) -> None:
    assert calendar.add(utc(start), duration) == utc(expected)


def test_a_closed_date_does_not_count() -> None:
    calendar = Calendar("shop", "UTC", WORKING_WEEK, closures=frozenset({date(2026, 1, 6)}))
    assert calendar.add(utc("2026-01-05T16:00"), 2 * HOUR) == utc("2026-01-07T10:00")


def test_a_part_of_a_country_has_its_own_holidays() -> None:
    bavarian = Calendar("by", "Europe/Berlin", WORKING_WEEK, country="DE", subdivision="BY")
    epiphany_eve = utc("2026-01-05T16:00")
    assert bavarian.add(epiphany_eve, HOUR) == utc("2026-01-07T09:00")
    assert GERMAN.add(epiphany_eve, HOUR) == utc("2026-01-06T09:00")


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        pytest.param([("10:00", "12:00")], "2026-01-05T15:00", id="a pause is left out"),
        pytest.param([("10:00", "12:00"), ("11:00", "13:00")], "2026-01-05T16:00", id="pauses that overlap count once"),
        pytest.param([("06:00", "09:30")], "2026-01-05T13:30", id="a pause before the start counts from the start"),
        pytest.param([("13:00", "14:00")], "2026-01-05T13:00", id="a pause that begins at the end does not matter"),
        pytest.param([("12:59", None)], None, id="while a pause lasts the end is unknown"),
        pytest.param([("13:00", None)], "2026-01-05T13:00", id="a pause that begins at the end may last"),
        pytest.param([("10:00", "10:00")], "2026-01-05T13:00", id="a pause of no time"),
    ],
)
def test_pauses_do_not_count(pauses: Sequence[tuple[str, str | None]], expected: str | None) -> None:
    stretches = [(utc(f"2026-01-05T{begin}"), utc(f"2026-01-05T{end}") if end else None) for begin, end in pauses]
    end = utc(expected) if expected else None
    assert add_time(utc("2026-01-05T09:00"), 4 * HOUR, stretches) == end
    assert every_day(hours(0, 24)).add(utc("2026-01-05T09:00"), 4 * HOUR, stretches) == end


def test_pauses_within_a_calendar_cost_open_time_alone() -> None:
    over_night = [(utc("2026-01-05T15:00"), utc("2026-01-06T09:00"))]
    assert GERMAN.add(utc("2026-01-05T14:00"), 2 * HOUR, over_night) == utc("2026-01-06T10:00")


def test_an_open_pause_in_a_calendar_leaves_the_end_unknown() -> None:
    assert GERMAN.add(utc("2026-01-05T14:00"), 8 * HOUR, [(utc("2026-01-05T15:00"), None)]) is None


def test_equal_calendars_are_equal_whatever_they_have_worked_out() -> None:
    one, other = every_day(hours(9, 17)), every_day(hours(9, 17))
    one.add(utc("2026-01-05T09:00"), 20 * HOUR)
    assert one == other
    assert hash(one) == hash(other)


def test_open_time_of_a_week_is_the_sum_of_its_hours() -> None:
    assert GERMAN.open_per_week == 40 * HOUR


def count_open_minutes(
    calendar: Calendar, start: datetime, minutes: int, pauses: Sequence[PauseStretch]
) -> datetime | None:
    """The end of the `minutes`-th open, unpaused minute since `start`, found by looking at every minute."""
    zone = ZoneInfo(calendar.time_zone)
    now, left = start, minutes
    for _ in range(6 * 24 * 60):
        if left == 0:
            return now
        local = now.astimezone(zone)
        wall = timedelta(hours=local.hour, minutes=local.minute)
        is_open = any(span.opens <= wall < span.closes for span in calendar.week[local.weekday()])
        is_paused = any(begin <= now and (end is None or now < end) for begin, end in pauses)
        left -= is_open and not is_paused
        now += MINUTE
    return None


SPANS = st.lists(st.integers(0, 48), min_size=2, max_size=4, unique=True).map(sorted)
DAYS = SPANS.map(lambda marks: tuple(hours(marks[i] / 2, marks[i + 1] / 2) for i in range(0, len(marks) - 1, 2)))
PAUSES = st.lists(st.tuples(st.integers(0, 3000), st.one_of(st.none(), st.integers(0, 900))), max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    day=DAYS,
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    # Around the days on which one of the zones changes its clocks, and an ordinary one.
    around=st.sampled_from(
        ["2026-03-27", "2026-03-07", "2026-10-24", "2026-10-31", "2026-04-04", "2026-10-03", "2026-06-01"]
    ),
    offset=st.integers(0, 2000),
    minutes=st.integers(1, 1500),
    drawn=PAUSES,
)
def test_the_end_is_where_counting_minutes_arrives(
    day: tuple[OpenHours, ...],
    zone: str,
    around: str,
    offset: int,
    minutes: int,
    drawn: list[tuple[int, int | None]],
) -> None:
    start = utc(around) + offset * MINUTE
    pauses = [
        (utc(around) + begin * MINUTE, None if length is None else utc(around) + (begin + length) * MINUTE)
        for begin, length in drawn
    ]
    calendar = every_day(*day, zone=zone)
    counted = count_open_minutes(calendar, start, minutes, pauses)
    end = calendar.add(start, minutes * MINUTE, pauses)
    # Counting gives up after some days.
    if counted is not None or (end is not None and end < start + 5 * DAY):
        assert end == counted
