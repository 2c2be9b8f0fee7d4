"""Judges one object under a rule that something must not happen while something else lasts."""

import functools
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

from domain.milestone import Milestone
from domain.sequence_rule import NotWhileRule
from rules.kinds.breach import Breach, Standings, standings_of, with_endings, words
from rules.kinds.knowledge import Ending, EventsKnown, known_from
from rules.kinds.milestone import OCCURRED_AT, event_clock


def inside(rule: NotWhileRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """Each event that occurred while it must not, each time that was known otherwise."""
    events = EventsKnown(rule, history, through)
    held = events.counting((rule.event_type,))
    stretches = _Stretches()
    bounds = [(known_from(m), 0, m) for m in events.sightings((rule.from_type, rule.until_type)).milestones]
    arrivals = sorted([*bounds, *((known_from(event), 1, event) for event, _ in held)], key=itemgetter(0, 1))
    for _, is_event, milestone in arrivals:
        if is_event:
            stretches.watch(milestone)
        else:
            stretches.learn(milestone, begins=milestone.type == rule.from_type)
    endings = events.sightings(rule.unless)
    found = {}
    for event, changes in held:
        clock = event_clock(event)
        begun_by = stretches.begun_by[clock]
        if standings := standings_of(functools.partial(_breach, rule, clock), changes, begun_by):
            found[clock] = with_endings(standings, endings)
    return found


def _breach(rule: NotWhileRule, clock: str, event: Milestone | None, begin: Milestone | None) -> Breach | None:
    if event is None or begin is None:
        return None
    return Breach(
        rule=rule,
        clock=clock,
        start=event,
        started_at=event.occurred_at,
        fires_at=event.occurred_at,
        severity=rule.level,
        what=f"{words(event)} came after {words(begin)} and before any {rule.until_type}",
        otherwise=f"later events show that {rule.event_type} did not come between {rule.from_type} and "
        f"{rule.until_type}",
        others=(begin,),
        missing=(rule.until_type,),
    )


class _Stretches:
    """Which events lie in a stretch, as they and the beginnings and ends of stretches become known one by one.

    An event lies in one if the last beginning by then came after the last end by then. So news of a bound says
    something only of the events from there to the next one, and no others are looked at.
    """

    def __init__(self) -> None:
        self._begins: list[Milestone] = []
        self._ends: list[Milestone] = []
        self._watched: list[Milestone] = []
        # By clock, the beginning of the stretch that an event lies in; None: it lies in none.
        self.begun_by: dict[str, list[Ending]] = {}

    def watch(self, event: Milestone) -> None:
        """Takes the next event that became known, after all bounds known by then."""
        at = event.occurred_at
        begin = self._begins[bisect_right(self._begins, at, key=OCCURRED_AT) - 1] if self._is_inside(at) else None
        insort(self._watched, event, key=OCCURRED_AT)
        self.begun_by[event_clock(event)] = [Ending(known_from(event), begin)]

    def learn(self, bound: Milestone, *, begins: bool) -> None:
        """Takes the next beginning or end that became known."""
        at = bound.occurred_at
        was_inside = self._is_inside(at)
        insort(self._begins if begins else self._ends, bound, key=OCCURRED_AT)
        if self._is_inside(at) == was_inside:
            return
        until = min((next_at for known in (self._begins, self._ends) if (next_at := _next(known, at))), default=None)
        last = len(self._watched) if until is None else bisect_left(self._watched, until, key=OCCURRED_AT)
        change = Ending(known_from(bound), bound if begins else None)
        for event in self._watched[bisect_left(self._watched, at, key=OCCURRED_AT) : last]:
            changes = self.begun_by[event_clock(event)]
            if changes[-1].known_at == change.known_at:
                changes.pop()
            changes.append(change)

    def _is_inside(self, at: datetime) -> bool:
        begins = bisect_right(self._begins, at, key=OCCURRED_AT)
        ends = bisect_right(self._ends, at, key=OCCURRED_AT)
        return begins > 0 and (ends == 0 or self._begins[begins - 1].occurred_at > self._ends[ends - 1].occurred_at)


def _next(bounds: Sequence[Milestone], at: datetime) -> datetime | None:
    position = bisect_right(bounds, at, key=OCCURRED_AT)
    return bounds[position].occurred_at if position < len(bounds) else None
