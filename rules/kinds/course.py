"""What one object's events lead to one after the other, worked out again as more of them become known."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from domain.milestone import Milestone

S = TypeVar("S")
# An event at its place in order of occurrence, as it counts from now on; None: it does not count.
News = tuple[int, Milestone | None]


class Course(Generic[S]):
    """The state after each known event of an object.

    News is stepped through from the place it touches until the states are again what they were before it.
    """

    def __init__(self, start: S, step: Callable[[S, Milestone], S]) -> None:
        self._start = start
        self._step = step
        self._known: list[int] = []
        self._events: dict[int, Milestone | None] = {}
        self._states: dict[int, S] = {}

    def state_at(self, place: int) -> S:
        """The state from the known event at a place on."""
        return self._states[place]

    def learn(self, news: Iterable[News]) -> list[tuple[int, S]]:
        """The places whose state is new, and the state."""
        touched = dict(news)
        for place, event in touched.items():
            if place not in self._events:
                self._known.insert(bisect_left(self._known, place), place)
            self._events[place] = event
        changed: dict[int, S] = {}
        done = -1
        for place in sorted(touched):
            if place > done:
                done = self._step_from(place, changed)
        return list(changed.items())

    def _step_from(self, first: int, changed: dict[int, S]) -> int:
        """Steps on from a place while anything may be different, and says which place was the last."""
        position = bisect_left(self._known, first)
        state = self._states[self._known[position - 1]] if position else self._start
        # What follows an event that is new has seen the state before it.
        before = state
        while True:
            place = self._known[position]
            event = self._events[place]
            before = self._states.get(place, before)
            is_new = place not in self._states
            state = self._step(state, event) if event else state
            self._states[place] = state
            if is_new or state != before:
                changed[place] = state
            position += 1
            if state == before or position == len(self._known):
                return place
