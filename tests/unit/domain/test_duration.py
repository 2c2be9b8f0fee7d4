"""Durations as text, both ways."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duration import format_duration, parse_duration, write_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("4h", timedelta(hours=4), id="one unit"),
        pytest.param("1h30m", timedelta(minutes=90), id="two units in falling order"),
        pytest.param("2w3d4h5m6s7ms", timedelta(17, 6, 0, 7, 5, 4), id="every unit"),
        pytest.param("90m", timedelta(minutes=90), id="more of a unit than the next one holds"),
        pytest.param("0s", timedelta(0), id="no time at all"),
    ],
)
def test_durations_are_read_in_falling_units(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "4", "h", "4x", "-4h", "1.5h", "30m1h", "1h 30m", " 4h", "1h1h", "4H", "P1D"],
    ids=lambda text: f"reading {text!r}",
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration") as refusal:
        parse_duration(text)
    assert str(refusal.value) == (
        f"{text!r} is not a duration; give a duration such as 4h, 90m, 1h30m or 2d (units w, d, h, m, s, ms)"
    )


@pytest.mark.parametrize("text", ["36501d", "99999999999999d"], ids=["a day too long", "too long to hold at all"])
def test_durations_of_more_than_a_century_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than 100 years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        pytest.param(timedelta(days=3, hours=4, minutes=5), "3 d 4 h", id="the two largest units"),
        pytest.param(timedelta(days=3, minutes=5), "3 d", id="no unit is left out between them"),
        pytest.param(timedelta(minutes=90), "1 h 30 min", id="hours and minutes"),
        pytest.param(timedelta(milliseconds=999), "0 s", id="less than a second"),
        pytest.param(-timedelta(minutes=5), "-5 min", id="before the instant it is counted from"),
    ],
)
def test_people_read_two_units_at_most(duration: timedelta, expected: str) -> None:
    assert format_duration(duration) == expected


@given(st.integers(0, 36500 * 86_400_000).map(lambda millis: timedelta(milliseconds=millis)))
def test_what_is_written_is_read_back(duration: timedelta) -> None:
    assert parse_duration(write_duration(duration)) == duration
