"""Instants at which a clock on the wall reads a time, through the days on which it is put forward or back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's clock reads a naive time or, where it skips that, a later one."""
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    # Skipped: the clock reads an earlier time until the change, which lies between the two readings of it.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC) - _SECOND, found
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clock reads at an instant, as a naive time."""
    return instant.astimezone(zone).replace(tzinfo=None)
