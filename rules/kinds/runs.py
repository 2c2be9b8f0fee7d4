"""In which stretches of an object's time something was wrong, as its events become known one by one."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple


class Run(NamedTuple):
    """Something was wrong from the event at place `first` on, until the one at `end`; None: it still is.

    `last` is the place of the last known event before the end.
    """

    first: int
    end: int | None
    last: int


class Runs:
    """The stretches between the events of one object in which something is wrong, and which of them last long enough.

    Events have places in order of occurrence, also those that are not known yet. A run is kept by the two places at
    which it begins and ends, so that news costs about as much as it changes.
    """

    def __init__(self, instants: Sequence[datetime], counts_from: Callable[[datetime], datetime]) -> None:
        """`instants` are those of all events, in order; a run counts if it lasts beyond `counts_from` its beginning."""
        self._instants = instants
        self._counts_from = counts_from
        self._known: list[int] = []
        self._is_wrong: dict[int, bool] = {}
        # In turn where a run begins and where it ends.
        self._bounds: list[int] = []
        # The beginnings of runs that are over and count.
        self._counting: list[int] = []

    def learn(self, states: Sequence[tuple[int, bool]]) -> None:
        """Takes whether something is wrong from each of these places up to the next known one."""
        toggled: set[int] = set()
        for place, is_wrong in states:
            before = self._is_wrong.get(place)
            if before is None:
                position = bisect_left(self._known, place)
                self._known.insert(position, place)
                self._is_wrong[place] = before = bool(position) and self._is_wrong[self._known[position - 1]]
            if is_wrong != before:
                self._is_wrong[place] = is_wrong
                position = bisect_left(self._known, place)
                toggled ^= set(self._known[position : position + 2])
        for place in toggled:
            position = bisect_left(self._bounds, place)
            if position < len(self._bounds) and self._bounds[position] == place:
                del self._bounds[position]
            else:
                self._bounds.insert(position, place)
        self._count_again(toggled)

    @property
    def last_over(self) -> Run | None:
        """The last run that is over and counts."""
        if not self._counting:
            return None
        first = self._counting[-1]
        end = self._bounds[bisect_left(self._bounds, first) + 1]
        return Run(first, end, self._known[bisect_left(self._known, end) - 1])

    @property
    def lasting(self) -> Run | None:
        """The run that is not over."""
        return Run(self._bounds[-1], None, self._known[-1]) if len(self._bounds) % 2 else None

    def _count_again(self, toggled: set[int]) -> None:
        """Looks again at the runs that begin or end beside these places."""
        firsts: set[int] = set(toggled)
        for place in toggled:
            position = bisect_left(self._bounds, place)
            firsts.update(self._bounds[max(0, position - 2) : position + 2])
        for place in firsts:
            position = bisect_left(self._counting, place)
            is_counted = position < len(self._counting) and self._counting[position] == place
            counts = self._is_over_and_counts(place)
            if is_counted and not counts:
                del self._counting[position]
            elif counts and not is_counted:
                insort(self._counting, place)

    def _is_over_and_counts(self, place: int) -> bool:
        position = bisect_left(self._bounds, place)
        if position % 2 or position + 1 >= len(self._bounds) or self._bounds[position] != place:
            return False
        end_at = self._instants[self._bounds[position + 1]]
        return end_at > self._counts_from(self._instants[place])
