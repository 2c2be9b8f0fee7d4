"""Sums of open time: the same in whatever order they are asked for, and adding as the reverse of counting."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, OpenHours, counted_time

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
WEEK = ((OpenHours(9 * HOUR, 12.5 * HOUR), OpenHours(13 * HOUR, 17 * HOUR)),) * 5 + ((), ())


def calendar() -> Calendar:
    """One that has worked out nothing yet, with a lunch break, holidays and clock changes."""
    return Calendar("de_business", "Europe/Berlin", WEEK, country="DE")


INSTANTS = st.integers(0, 50 * 366 * 86_400).map(
    lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
DURATIONS = st.timedeltas(timedelta(0), timedelta(hours=3000))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(INSTANTS, DURATIONS), max_size=8))
def test_what_was_asked_before_does_not_show(drawn: list[tuple[datetime, timedelta]]) -> None:
    # Years are laid out in the order in which they are asked for.
    asked_of_all = calendar()
    together = [(asked_of_all.add(*one), asked_of_all.between(one[0], one[0] + one[1])) for one in drawn]
    assert together == [(calendar().add(*one), calendar().between(one[0], one[0] + one[1])) for one in drawn]


@settings(max_examples=60, deadline=None)
@given(INSTANTS, DURATIONS)
def test_what_was_added_is_what_is_counted(start: datetime, duration: timedelta) -> None:
    berlin = calendar()
    end = berlin.add(start, duration)
    assert end is not None
    assert berlin.between(start, end) == duration
    if duration:
        # It is the first such instant.
        assert berlin.between(start, end - MICROSECOND) == duration - MICROSECOND


@settings(max_examples=60, deadline=None)
@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=20)), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_a_pause_takes_away_the_open_time_in_it(start: datetime, before: timedelta, paused: timedelta) -> None:
    berlin = calendar()
    pause = (start + before, start + before + paused)
    end = start + timedelta(days=40)
    counted = counted_time(berlin, start, end, (pause,))
    assert counted == berlin.between(start, end) - berlin.between(*pause)
    finished = berlin.add(start, counted, (pause,))
    assert finished is not None
    # At closing time and at a pause it is the first of several instants that have so much behind them.
    assert finished <= end
    assert counted_time(berlin, start, finished, (pause,)) == counted


def test_what_is_never_reached_is_never() -> None:
    once = Calendar("once", "UTC", ((OpenHours(0 * HOUR, HOUR),),) + ((),) * 6)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert once.add(start, timedelta(hours=5000)) is None


def test_nothing_is_counted_backwards() -> None:
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert calendar().between(start, start - HOUR) == timedelta(0)
