"""Judges one object under a rule that something must not happen to it so many times."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from domain.duration import format_duration
from domain.milestone import Milestone
from domain.repeat_rule import RepeatRule
from rules.kinds.breach import Breach, Standing, Standings, with_endings, words
from rules.kinds.knowledge import EventsKnown, Start
from rules.kinds.milestone import IN_ORDER


def repeated(rule: RepeatRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """Whether the event happened so many times, each time that what is known of it changed."""
    events = EventsKnown(rule, history, through)
    arrivals = [_Arrival(change, event) for event, changes in events.counting((rule.event_type,)) for change in changes]
    occurrences = _Occurrences(rule)
    found: list[Standing] = []
    for known_at, arrived in groupby(sorted(arrivals, key=_known_at), key=_known_at):
        for change, event in arrived:
            occurrences.learn(event, change.milestone)
        breach = occurrences.breach()
        if breach or found:
            found.append(Standing(known_at, breach))
    return {"": with_endings(found, events.sightings(rule.unless))} if found else {}


class _Arrival(NamedTuple):
    """An event that was known to count from an instant on, or no longer to."""

    change: Start
    event: Milestone


def _known_at(arrival: _Arrival) -> datetime:
    return arrival.change.known_at


class _Occurrences:
    """What counts of one object, in order, and the first run of so many of them that is short enough."""

    def __init__(self, rule: RepeatRule) -> None:
        self._rule = rule
        self._events: list[Milestone] = []
        # Where the last event of that run stands; None where there is no such run.
        self._last: int | None = None

    def learn(self, event: Milestone, counting: Milestone | None) -> None:
        """Takes an event that counts now, as it is known now, or (None) no longer does."""
        place = bisect_left(self._events, event.order, key=IN_ORDER)
        is_known = place < len(self._events) and self._events[place].order == event.order
        if counting is None:
            if is_known:
                self._take_out(place)
        elif is_known:
            self._events[place] = counting
        else:
            self._events.insert(place, counting)
            # Only runs that hold it are new; what stood behind it has moved.
            before = None if self._last is None else self._last + (place <= self._last)
            after = self._first_from(place, place + self._rule.count)
            self._last = min((last for last in (before, after) if last is not None), default=None)

    def breach(self) -> Breach | None:
        """The breach that the first such run is."""
        if self._last is None:
            return None
        rule, last = self._rule, self._events[self._last]
        first = self._events[self._last - rule.count + 1]
        within = f" within {format_duration(rule.within)}" if rule.within else ""
        return Breach(
            rule=rule,
            clock="",
            start=last,
            started_at=first.occurred_at,
            fires_at=last.occurred_at,
            severity=rule.level,
            what=f"{words(last)} was number {rule.count}{within}, the first being {words(first)}",
            otherwise=f"later events show fewer than {rule.count} that count{within}",
            within=rule.within,
            others=(first,),
        )

    def _take_out(self, place: int) -> None:
        del self._events[place]
        if self._last is not None and place <= self._last:
            # No run that ends before the one found was short enough, and none is shorter for one event less.
            self._last = self._first_from(self._last - 1, len(self._events))

    def _first_from(self, first: int, end: int) -> int | None:
        """The first place in a stretch of them at which a run that is short enough ends."""
        for last in range(max(first, self._rule.count - 1), min(end, len(self._events))):
            span = self._events[last].occurred_at - self._events[last - self._rule.count + 1].occurred_at
            if self._rule.within is None or span <= self._rule.within:
                return last
        return None
