"""Instants as text and as microseconds, exact both ways."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import (
    EARLIEST,
    LATEST,
    format_instant,
    from_micros,
    parse_instant,
    parse_storable_instant,
    to_micros,
)

INSTANTS = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None), timezones=st.just(UTC))


@given(INSTANTS)
def test_text_and_microseconds_keep_every_instant(instant: datetime) -> None:
    assert parse_instant(format_instant(instant)) == instant
    assert from_micros(to_micros(instant)) == instant


def test_an_instant_is_written_in_utc_with_microseconds_where_it_has_any() -> None:
    berlin = timezone(timedelta(hours=1))
    assert format_instant(datetime(2026, 11, 2, 10, 30, tzinfo=berlin)) == "2026-11-02T09:30:00Z"
    assert format_instant(datetime(2026, 11, 2, 9, 30, 0, 5, tzinfo=UTC)) == "2026-11-02T09:30:00.000005Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone") as refusal:
        parse_instant("2026-11-02T09:30:00")
    assert str(refusal.value) == ("'2026-11-02T09:30:00' has no time zone; give RFC 3339, such as 2026-11-02T09:30:00Z")


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="not an instant") as refusal:
        parse_instant("yesterday")
    assert str(refusal.value) == "'yesterday' is not an instant; give RFC 3339, such as 2026-11-02T09:30:00Z"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0001-01-01T00:00:00+01:00", id="before the first year"),
        pytest.param("9999-12-31T23:59:59-01:00", id="after the last"),
    ],
)
def test_an_instant_beyond_the_years_there_are_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="year") as refusal:
        parse_instant(text)
    assert str(refusal.value) == f"{text!r} is before year 1 or after year 9999 in UTC; give an instant between"


@pytest.mark.parametrize("instant", [EARLIEST, LATEST])
def test_the_first_and_the_last_storable_instant_are_taken(instant: datetime) -> None:
    assert parse_storable_instant(format_instant(instant)) == instant


@pytest.mark.parametrize("text", ["0399-03-28T22:00:34+06:48", "1899-12-31T23:59:59Z", "2300-01-01T00:00:00Z"])
def test_an_instant_that_cannot_be_stored_is_refused_where_stored_ones_are_asked_for(text: str) -> None:
    with pytest.raises(ValueError, match="1900") as refusal:
        parse_storable_instant(text)
    assert str(refusal.value) == f"{text!r} is not within 1900 to 2299 in UTC; give an instant between"
