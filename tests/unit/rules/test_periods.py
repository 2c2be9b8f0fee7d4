"""The periods of calendars.yaml: what they become, and every way in which they can be wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.contract import Contracts
from domain.errors import ConfigError
from domain.period import Months, Periods, Weeks
from rules.calendars import SHIPPED
from rules.references import load_references

CALENDARS = """\
calendars:
  shop: {time_zone: Europe/Berlin, hours: {mon-fri: ["09:00-17:00"]}}
"""
WHOLE = """\
periods:
  default:
    pattern: months
    time_zone: Europe/Berlin
    cutoff: {business_days: 3, calendar: shop, at: "18:00"}
  retail:
    pattern: 4-4-5
    time_zone: America/New_York
    year_end: {month: 1, weekday: sat, day: nearest}
    legal_entities: [US01, US02]
"""
JUNE = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str) -> Periods:
    Path("calendars.yaml").write_text(CALENDARS + text)
    return load_references(Path("calendars.yaml"), Contracts()).periods


def test_a_file_with_every_key_is_read_whole() -> None:
    periods = load(WHOLE)
    assert isinstance(periods.default.pattern, Months)
    assert periods.period("DE01", JUNE).cutoff_at == datetime(2026, 7, 3, 16, tzinfo=UTC)
    assert set(periods.by_legal_entity) == {"US01", "US02"}
    retail = periods.by_legal_entity["US01"]
    assert isinstance(retail.pattern, Weeks)
    assert (retail.pattern.quarter, retail.time_zone, retail.cutoff) == ((4, 4, 5), "America/New_York", None)


def test_without_periods_there_are_calendar_months() -> None:
    period = load("").period("DE01", JUNE)
    assert (period.name, period.cutoff_at) == ("2026-06", datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC))


def test_the_shipped_periods_close_on_the_third_business_day() -> None:
    periods = load_references(SHIPPED, Contracts()).periods
    assert periods.period(None, JUNE).cutoff_at == datetime(2026, 7, 3, 16, tzinfo=UTC)


SHOP = 'periods "default": '
RETAIL = 'periods "retail": '
NO_END = "retail: pattern 4-4-5 needs the end of its year; give year_end such as"
MONTHS = "periods.retail: year_end says nothing where periods are months; remove it"


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        pytest.param("pattern: months", "pattern: weeks", "5:14", 'default.pattern is "weeks"', id="no pattern"),
        pytest.param(
            "    year_end: {month: 1, weekday: sat, day: nearest}\n", "", "9:5", NO_END, id="weeks without end"
        ),
        pytest.param("pattern: 4-4-5", "pattern: months", "9:5", MONTHS, id="a year end for months"),
        pytest.param(
            "calendar: shop",
            "calendar: shp",
            "7:42",
            f'{SHOP}calendar "shp" is not defined; give one of shop',
            id="none",
        ),
        pytest.param("business_days: 3", "business_days: 0", "7:29", "business_days is 0", id="no days"),
        pytest.param("18:00", "25:00", "7:52", 'at is "25:00"; give a time of day, such as 18:00', id="no time of day"),
        pytest.param(
            "[US01, US02]",
            "[US01, US01]",
            "12:28",
            f'{RETAIL}legal entity "US01" stands under "retail" already',
            id="two",
        ),
        pytest.param(
            "    legal_entities: [US01, US02]\n", "", "9:5", f"{RETAIL}names no legal_entities", id="of nobody"
        ),
        pytest.param(
            "America/New_York", "New_York", "10:16", 'time_zone is "New_York"; give a time zone', id="no zone"
        ),
    ],
)
def test_one_thing_wrong_is_one_problem_in_its_place(old: str, new: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(WHOLE.replace(old, new))
    (problem,) = str(refusal.value).splitlines()
    assert problem.startswith(f"calendars.yaml:{place}: ")
    assert message in problem
