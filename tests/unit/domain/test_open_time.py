"""Sums of open time: many at once as one by one, in any order, and adding as the reverse of counting."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, OpenHours, counted_time
from domain.instants import from_micros, to_micros
from domain.open_time import NEVER

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
def test_many_at_once_are_what_each_is_alone(drawn: list[tuple[datetime, timedelta]]) -> None:
    starts = np.array([to_micros(start) for start, _ in drawn], dtype=np.int64)
    durations = np.array([duration // MICROSECOND for _, duration in drawn], dtype=np.int64)
    ends = calendar().add_all(starts, durations)
    # Years are laid out in the order in which they are asked for, which must not show.
    alone = calendar()
    assert [from_micros(int(end)) for end in ends] == [alone.add(start, duration) for start, duration in drawn]
    counted = calendar().between_all(starts, ends)
    assert [int(time) for time in counted] == [
        alone.between(start, from_micros(int(end))) // MICROSECOND for (start, _), end in zip(drawn, ends, strict=True)
    ]


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
    assert once.add_all(np.array([to_micros(start)]), np.array([5000 * (HOUR // MICROSECOND)])).tolist() == [NEVER]


def test_nothing_is_counted_backwards() -> None:
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert calendar().between(start, start - HOUR) == timedelta(0)
    both = np.array([to_micros(start)])
    assert calendar().between_all(both, both - 3_600_000_000).tolist() == [0]
    assert calendar().add_all(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
