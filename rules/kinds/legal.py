"""Judges one object by the state machine of its contract: which events came in a state that does not allow them."""

import functools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, permutations
from typing import NamedTuple

from domain.contract import StateMachine
from domain.milestone import Milestone
from domain.sequence_rule import LegalRule
from rules.kinds.breach import Breach, Refusal, Standings, standings_of, with_endings, words
from rules.kinds.knowledge import EventsKnown, known_from
from rules.kinds.milestone import IN_ORDER, event_clock

# So many events of one instant are tried in every order: 120 orders at the most. More are taken in that of identity.
MOST_IN_EVERY_ORDER = 5


def illegal_events(rule: LegalRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """Each event that was illegal where it came, each time that was known otherwise."""
    events = EventsKnown(rule, history, through)
    course = _Course(rule.machine)
    taken = events.sightings(rule.opening_types).milestones
    for known_at, arrived in groupby(sorted(taken, key=known_from), key=known_from):
        course.learn(known_at, list(arrived))
    endings = events.sightings(rule.unless)
    found = {}
    for event, changes in events.counting(rule.opening_types):
        clock = event_clock(event)
        refused = course.refusals.get(clock, ())
        if standings := standings_of(functools.partial(_breach, rule, clock), changes, refused):
            found[clock] = with_endings(standings, endings)
    return found


def _breach(rule: LegalRule, clock: str, event: Milestone | None, state: str | None) -> Breach | None:
    if event is None or state is None:
        return None
    legal = ", ".join(sorted(rule.machine.transitions.get(state, {}))) or "nothing"
    return Breach(
        rule=rule,
        clock=clock,
        start=event,
        started_at=event.occurred_at,
        fires_at=event.occurred_at,
        severity=rule.level,
        what=f"{words(event)} came in state {state}, where the contract allows {legal}",
        otherwise=f"later events show that {event.type} was legal where it came",
    )


class _Course:
    """The states that one object went through, as its events become known.

    News is stepped through from the instant it touches until the states are again what they were before it.
    """

    def __init__(self, machine: StateMachine) -> None:
        self._machine = machine
        self._instants: list[datetime] = []
        self._events: dict[datetime, list[Milestone]] = {}
        self._states: dict[datetime, str] = {}
        # By clock, in which state the event was refused; None: it was legal. What always was stands nowhere.
        self.refusals: dict[str, list[Refusal]] = {}

    def learn(self, known_at: datetime, arrived: Sequence[Milestone]) -> None:
        """Takes the events that became known at one instant."""
        touched = sorted({event.occurred_at for event in arrived})
        for event in arrived:
            if event.occurred_at not in self._events:
                self._instants.insert(bisect_left(self._instants, event.occurred_at), event.occurred_at)
            self._events.setdefault(event.occurred_at, []).append(event)
        done = -1
        for instant in touched:
            self._events[instant].sort(key=IN_ORDER)
        for instant in touched:
            position = bisect_left(self._instants, instant)
            if position > done:
                done = self._step_from(position, known_at)

    def _step_from(self, position: int, known_at: datetime) -> int:
        """Steps on from a place while anything may be different, and says which place was the last."""
        state = before = self._states[self._instants[position - 1]] if position else self._machine.start
        while True:
            instant = self._instants[position]
            # What follows an instant that is new has seen the state before it.
            before = self._states.get(instant, before)
            state = self._states[instant] = self._take(self._events[instant], state, known_at)
            if state == before or position + 1 == len(self._instants):
                return position
            position += 1

    def _take(self, events: Sequence[Milestone], state: str, known_at: datetime) -> str:
        """The state after the events of one instant, noting which of them are illegal."""
        for event, refused_in, after in min(self._orders(events, state), key=_illegal):
            state = after
            clock = event_clock(event)
            changes = self.refusals.get(clock)
            if changes is None:
                if refused_in is None:
                    continue
                changes = self.refusals[clock] = []
            if changes and changes[-1].known_at == known_at:
                changes.pop()
            if not changes or changes[-1].state != refused_in:
                changes.append(Refusal(known_at, refused_in))
        return state

    def _orders(self, events: Sequence[Milestone], state: str) -> Iterator[Sequence["_Step"]]:
        """What happens in each order that the events of one instant may have had."""
        orders = permutations(events) if len(events) <= MOST_IN_EVERY_ORDER else iter((events,))
        for order in orders:
            steps: list[_Step] = []
            stands = state
            for event in order:
                after = self._machine.step(stands, event.type)
                steps.append(_Step(event, stands if after is None else None, after or stands))
                stands = steps[-1].after
            yield steps


class _Step(NamedTuple):
    """An event with the state it was refused in, if it was, and the state after it."""

    event: Milestone
    refused_in: str | None
    after: str


def _illegal(steps: Sequence[_Step]) -> int:
    return sum(step.refused_in is not None for step in steps)
