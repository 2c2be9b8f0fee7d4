"""Who is on call by a rotation at an instant, until when, and who is next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.escalation_config import RotationConfig
from alerts.local_times import first_instant, wall_time
from alerts.time_intervals import TimeIntervalConfig

# More than any zone's clock was ever put forward or back at once.
_LONGEST_CHANGE = timedelta(hours=26)
# How far to look for the next turn; whoever has longer ones sees that nothing changes soon.
HORIZON = timedelta(days=60)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """A stretch with one member on call, or nobody (None); `until` is None where it lasts beyond what is looked at."""

    member: str | None
    since: datetime
    until: datetime | None
    is_override: bool = False


class Rotation:
    """Turns by the wall's clock, so that a handover stays at its hour when clocks change.

    A handover comes when the clock first reads its time, or a later one where it skips that; in a night whose clock is
    put back a turn does not come twice. While no active interval holds nobody is on call, unless somebody stands in.
    """

    def __init__(self, config: RotationConfig, intervals: Mapping[str, TimeIntervalConfig]) -> None:
        self._config = config
        self._zone = ZoneInfo(config.time_zone)
        start = datetime.combine(config.starts_on, datetime.min.time())
        self._start = start + timedelta(minutes=config.handover)
        self._intervals = [intervals[name] for name in config.active_time_intervals]

    def on_call(self, at: datetime) -> str | None:
        """The member on call at an instant; None where nobody is."""
        return self._state(at)[0]

    def shifts(self, at: datetime, count: int = 2) -> list[Shift]:
        """The shift at an instant and those after it, at most `count`; later ones with nobody on call are left out."""
        changes = self._changes(at)
        since, (member, stands_in) = at, self._state(at)
        found: list[Shift] = []
        for change in changes:
            state = self._state(change)
            if state == (member, stands_in):
                continue
            if member is not None or not found:
                found.append(Shift(member, since, change, stands_in))
            if len(found) == count:
                return found
            since, (member, stands_in) = change, state
        if member is not None or not found:
            found.append(Shift(member, since, None, stands_in))
        return found

    def _state(self, at: datetime) -> tuple[str | None, bool]:
        for override in self._config.overrides:
            if override.from_ <= at < override.until:
                return override.member, True
        if at < self._boundary(0) or not self._is_active(at):
            return None, False
        return self._config.members[self._turn(at) % len(self._config.members)], False

    def _is_active(self, at: datetime) -> bool:
        return not self._intervals or any(one.contains(at) for one in self._intervals)

    def _boundary(self, turn: int) -> datetime:
        return first_instant(self._start + turn * self._config.length, self._zone)

    def _turn(self, at: datetime) -> int:
        """The last turn whose handover has been."""
        guess = (wall_time(at, self._zone) - self._start) // self._config.length
        margin = _LONGEST_CHANGE // self._config.length + 1
        turn = guess + margin
        while self._boundary(turn) > at:
            turn -= 1
        return turn

    def _changes(self, at: datetime) -> Iterator[datetime]:
        """Instants after `at`, in order, between which nothing changes; some at which nothing does either."""
        until = at + HORIZON
        edges = [edge for one in self._config.overrides for edge in (one.from_, one.until) if at < edge <= until]
        day = at - _LONGEST_CHANGE
        seen = at
        while day < until:
            span = (day, day + _DAY)
            found = {edge for edge in edges if span[0] <= edge < span[1]}
            found.update(self._handovers(*span), *(_interval_edges(one, *span) for one in self._intervals))
            for instant in sorted(found):
                if seen < instant <= until:
                    seen = instant
                    yield instant
            day += _DAY

    def _handovers(self, since: datetime, until: datetime) -> Iterator[datetime]:
        turn = max(self._turn(max(since, self._boundary(0))), 0)
        while (boundary := self._boundary(turn)) < until:
            if boundary >= since:
                yield boundary
            turn += 1


def _interval_edges(interval: TimeIntervalConfig, since: datetime, until: datetime) -> Iterator[datetime]:
    """Instants in a stretch at which one of its specs may begin or end to hold."""
    for spec in interval.time_intervals:
        zone = ZoneInfo(spec.location)
        minutes: Sequence[int] = [0, *(edge for one in spec.times or () for edge in (one.start_time, one.end_time))]
        day = wall_time(since, zone).replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
        while day < wall_time(until, zone) + _DAY:
            for minute in minutes:
                wall = day + timedelta(minutes=minute)
                # Where clocks are put back the same time comes twice.
                for instant in (first_instant(wall, zone), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)):
                    if since <= instant < until:
                        yield instant
            yield from (change for change in _clock_changes(day, zone) if since <= change < until)
            day += _DAY


def _clock_changes(day: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instant in a day at which the zone's clock is put forward or back, to the second."""
    before, after = (one.replace(tzinfo=zone).astimezone(UTC) for one in (day, day + _DAY))
    offset = before.astimezone(zone).utcoffset()
    if after.astimezone(zone).utcoffset() == offset:
        return
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    yield after
