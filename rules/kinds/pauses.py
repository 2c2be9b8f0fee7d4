"""The pauses that can move one clock: few of an object's many, so that looking at a clock costs what is near it.

A pause goes from its beginning to the first end at or after it. What began by the start of a clock and is still open at
it is the same as its last beginning; what begins after all that the clock's schedule holds moves nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime

from domain.calendar import PauseStretch
from domain.instants import LATEST
from domain.milestone import Milestone
from domain.rule import MilestoneRule
from rules.kinds.knowledge import KNOWN_AT, Ending, Sightings, known_from, standing_at
from rules.kinds.milestone import OCCURRED_AT, latest_change, longest_window


class Pauses:
    """The pauses of one object, each with the ends it was known to have."""

    def __init__(self, rule: MilestoneRule, relevant: Sequence[Milestone]) -> None:
        """`relevant` milestones are in order of occurrence."""
        self.rule = rule
        from_type, until_type = (rule.pause.from_type, rule.pause.until_type) if rule.pause else ("", "")
        self.begins = [m for m in relevant if m.type == from_type]
        self._untils = Sightings([m for m in relevant if m.type == until_type])
        self._ends: dict[int, list[Ending]] = {}

    def ends(self, place: int) -> list[Ending]:
        """The end of the pause with that place in `begins`, each time it was known to be another one."""
        found = self._ends.get(place)
        if found is None:
            begin = self.begins[place]
            found = self._ends[place] = self._untils.first_known(begin.occurred_at, known_from(begin))
        return found


class PausesOfClock:
    """The pauses that can move one clock from an instant on; it looks further ahead where its schedule does."""

    def __init__(self, pauses: Pauses, start: Milestone, since: datetime) -> None:
        self._pauses = pauses
        self._start = start
        self._since = since
        self._longest = longest_window(pauses.rule, start)
        self._first = self._places_end = bisect_right(pauses.begins, start.occurred_at, key=OCCURRED_AT)
        while self._first > 0:
            self._first -= 1
            if known_from(pauses.begins[self._first]) <= since:
                break
        self._look_as_far_as(self._horizon(()))

    @property
    def instants(self) -> set[datetime]:
        """When more became known of the pauses looked at."""
        found: set[datetime] = set()
        for place in range(self._first, self._places_end):
            found.add(known_from(self._pauses.begins[place]))
            ends = self._pauses.ends(place)
            found.update(end.known_at for end in ends[bisect_left(ends, self._since, key=KNOWN_AT) :])
        return found

    def at(self, instant: datetime, ended_at: datetime | None) -> tuple[PauseStretch, ...]:
        """The pauses known by an instant that can move the clock, which was stopped at `ended_at` by then."""
        known: list[PauseStretch] = []
        for place in range(self._first, self._places_end):
            begin = self._pauses.begins[place]
            if known_from(begin) <= instant:
                end = standing_at(self._pauses.ends(place), instant)
                if end is None or end.occurred_at > self._start.occurred_at:
                    known.append((begin.occurred_at, end.occurred_at if end else None))
        if not known:
            return ()
        horizon = min(self._horizon(known), ended_at or LATEST)
        self._look_as_far_as(horizon)
        return tuple(stretch for stretch in known if stretch[0] < horizon)

    def _horizon(self, known: Sequence[PauseStretch]) -> datetime:
        """The last instant of the clock's schedule as far as that is known; what is open hides it, and ends none."""
        return latest_change(self._pauses.rule, self._start.occurred_at, self._longest, known)

    def _look_as_far_as(self, horizon: datetime) -> None:
        begins = self._pauses.begins
        if self._places_end < len(begins) and begins[self._places_end].occurred_at < horizon:
            twice = 2 * self._places_end - self._first
            self._places_end = max(bisect_left(begins, horizon, key=OCCURRED_AT), min(twice, len(begins)))
