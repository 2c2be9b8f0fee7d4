"""calendars.yaml: what it becomes, and every way in which it can be wrong."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.calendar import OpenHours
from domain.errors import ConfigError
from rules.calendars import SHIPPED, load_calendars

HOUR = timedelta(hours=1)
DAYS = "one of mon, tue, wed, thu, fri, sat, sun, or a span such as mon-fri"
WHOLE = """\
calendars:
  shop:
    time_zone: Europe/Berlin
    hours: {mon-fri: ["13:00-17:00", "09:00-12:30"], sat: ["10:00-24:00"]}
    holidays: {country: DE, subdivision: BY}
    closed: [2026-12-24]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems_in(text: str) -> str:
    Path("calendars.yaml").write_text(text)
    with pytest.raises(ConfigError) as refusal:
        load_calendars([Path("calendars.yaml")])
    return str(refusal.value)


def test_the_shipped_calendars_are_business_hours() -> None:
    calendars = load_calendars([SHIPPED])
    assert {name: (calendar.time_zone, calendar.country) for name, calendar in calendars.items()} == {
        "de_business": ("Europe/Berlin", "DE"),
        "us_business": ("America/New_York", "US"),
    }
    assert {calendar.open_per_week for calendar in calendars.values()} == {40 * HOUR}


def test_a_calendar_with_every_key_is_read_whole() -> None:
    Path("calendars.yaml").write_text(WHOLE)
    shop = load_calendars([Path("calendars.yaml")])["shop"]
    weekday = (OpenHours(9 * HOUR, 12.5 * HOUR), OpenHours(13 * HOUR, 17 * HOUR))
    assert shop.week == (*((weekday,) * 5), (OpenHours(10 * HOUR, 24 * HOUR),), ())
    assert (shop.name, shop.country, shop.subdivision) == ("shop", "DE", "BY")
    assert shop.closures == frozenset({date(2026, 12, 24)})


def test_a_later_file_takes_the_place_of_an_earlier_ones_calendar() -> None:
    Path("own.yaml").write_text("calendars: {de_business: {time_zone: UTC, hours: {mon: ['08:00-09:00']}}}")
    calendars = load_calendars([SHIPPED, Path("own.yaml")])
    assert calendars["de_business"].time_zone == "UTC"
    assert calendars["us_business"].time_zone == "America/New_York"


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        pytest.param(
            "Europe/Berlin",
            "Europe/Berln",
            "3:16",
            'time_zone is "Europe/Berln"; give a time zone of the IANA list, such as Europe/Berlin',
            id="a zone misspelt",
        ),
        pytest.param(
            "Europe/Berlin",
            "../etc/passwd",
            "3:16",
            'time_zone is "../etc/passwd"; give a time zone of the IANA list, such as Europe/Berlin',
            id="a zone that is a path",
        ),
        pytest.param(
            "mon-fri:", "fri-mon:", "4:12", 'hours: "fri-mon" names no days; give ' + DAYS, id="days backwards"
        ),
        pytest.param("sat:", "mon:", "4:12", "hours: the hours of mon are given twice", id="a day twice"),
        pytest.param(
            "09:00-12:30",
            "9-12",
            "4:12",
            'hours: "9-12" names no hours; give a span within one day, such as 09:00-17:00',
            id="hours without minutes",
        ),
        pytest.param(
            "10:00-24:00",
            "22:00-06:00",
            "4:12",
            'hours: "22:00-06:00" names no hours; give a span within one day, such as 09:00-17:00',
            id="hours over midnight",
        ),
        pytest.param(
            "09:00-12:30", "09:00-13:01", "4:12", "hours: the hours of mon-fri overlap", id="hours that overlap"
        ),
        pytest.param(
            "DE,",
            "XX,",
            "5:15",
            'holidays: country is "XX"; give an ISO 3166 code such as DE, US, GB',
            id="no such country",
        ),
        pytest.param(
            "[2026-12-24]",
            "[2026-13-24]",
            "6:14",
            'closed[0] is "2026-13-24"; give a date, such as 2026-12-24',
            id="no such date",
        ),
    ],
)
def test_one_thing_wrong_is_one_problem(old: str, new: str, place: str, message: str) -> None:
    assert old in WHOLE
    assert problems_in(WHOLE.replace(old, new)) == f"calendars.yaml:{place}: calendars.shop.{message}"


def test_a_calendar_is_named_in_lower_case() -> None:
    assert problems_in(WHOLE.replace("shop", "Shop")) == (
        'calendars.yaml:3:5: calendar "Shop": the name is not lower-case letters, digits and _, such as de_business'
    )


def test_a_calendar_that_never_opens_is_refused() -> None:
    assert problems_in("calendars: {never: {time_zone: UTC, hours: {}}}") == (
        "calendars.yaml:1:44: calendars.never.hours: no hour is open; give hours such as {mon-fri: ['09:00-17:00']}"
    )


def test_a_country_without_parts_says_so() -> None:
    holidays = WHOLE.replace("DE, subdivision: BY", "EE, subdivision: X")
    assert problems_in(holidays) == (
        'calendars.yaml:5:15: calendars.shop.holidays: subdivision is "X"; '
        "for EE give none: its holidays are the same everywhere"
    )
