"""Judges two objects under a rule on objects that are alike: from when to when they were, as that became known."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from domain.alike_rule import AlikeRule
from domain.milestone import Milestone
from rules.kinds.breach import Breach, Standing, words
from rules.kinds.knowledge import known_from
from rules.kinds.likeness import Likeness, keys, likeness
from rules.kinds.milestone import IN_ORDER, once_each


@dataclass(frozen=True, slots=True)
class Described:
    """An object with the events that describe it and those that take it out."""

    object_id: str
    history: Sequence[Milestone]


@dataclass(frozen=True, slots=True)
class _Side:
    """How one of the two stands: since when it is described and how; `latest` is the event that did so last."""

    first_at: datetime | None = None
    description: Mapping[str, str] = field(default_factory=dict)
    latest: Milestone | None = None
    is_out: bool = False


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From `begun_at` the two were alike, until `ended_by`; `begun_by` is the latest event of each by then."""

    begun_at: datetime
    begun_by: tuple[Milestone, Milestone]
    likeness: Likeness
    ended_by: Milestone | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    """Both at one instant, and the last stretch in which they were alike."""

    sides: tuple[_Side, _Side] = (_Side(), _Side())
    stretch: _Stretch | None = None


def pair_standings(
    rule: AlikeRule, pair: tuple[Described, Described], shared: frozenset[int], through: datetime
) -> dict[str, list[Standing]]:
    """Whether two objects are alike, by the id of the later of them, each time that what is known changed.

    The later is the one described later, of two at once the one with the greater id. They are looked for under the
    keys in `shared` alone.
    """
    if all(len(described.history) == 1 for described in pair):
        # Most pairs share a key and nothing else, and most objects are described once.
        one, other = (described.history[0].facts.attributes for described in pair)
        if likeness(rule, one, other) is None:
            return {}
    course = _Course(rule, shared)
    events = [(side, m) for side in (0, 1) for m in once_each(pair[side].history) if known_from(m) <= through]
    events.sort(key=lambda item: known_from(item[1]))
    found: dict[str, list[Standing]] = {}
    for known_at, arrived in groupby(events, key=lambda item: known_from(item[1])):
        moment = course.learn(list(arrived))
        breaches = _breaches(rule, pair, moment)
        for object_id in {*found, *breaches}:
            timeline, breach = found.setdefault(object_id, []), breaches.get(object_id)
            if (timeline[-1].breach if timeline else None) != breach:
                timeline.append(Standing(known_at, breach))
    return found


def _breaches(rule: AlikeRule, pair: tuple[Described, Described], moment: _Moment) -> dict[str, Breach]:
    stretch = moment.stretch
    if stretch is None:
        return {}
    ranks = [(side.first_at, described.object_id) for side, described in zip(moment.sides, pair, strict=True)]
    later = 0 if ranks[1] < ranks[0] else 1
    one, other = pair[later].object_id, pair[1 - later].object_id
    because = ", ".join(stretch.likeness.because)
    what = f"{rule.object_type} {one} is thought to be the same as {other}: {because}"
    breach = Breach(
        rule=rule,
        clock=other,
        start=stretch.begun_by[later],
        started_at=stretch.begun_at,
        fires_at=stretch.begun_at,
        severity=rule.level,
        what=what,
        otherwise=f"later events show that {one} and {other} were not alike, or which of them is the later",
        ended_by=stretch.ended_by,
        mended=f"{words(stretch.ended_by)} ended that" if stretch.ended_by else "",
        others=(stretch.begun_by[1 - later],),
    )
    return {one: breach}


class _Course:
    """How two objects were described over time, as the events on them become known.

    News is taken from the instant it touches on, so that events which arrive in order cost one step each.
    """

    def __init__(self, rule: AlikeRule, shared: frozenset[int]) -> None:
        self._rule = rule
        self._shared = shared
        self._instants: list[datetime] = []
        self._events: list[list[tuple[int, Milestone]]] = []
        self._moments: list[_Moment] = []

    def learn(self, arrived: Sequence[tuple[int, Milestone]]) -> _Moment:
        """How they stand in the end, with the events that became known now."""
        touched = len(self._instants)
        for side, event in sorted(arrived, key=lambda item: IN_ORDER(item[1]), reverse=True):
            place = bisect_left(self._instants, event.occurred_at)
            if self._instants[place : place + 1] != [event.occurred_at]:
                self._instants.insert(place, event.occurred_at)
                self._events.insert(place, [])
            self._events[place].append((side, event))
            touched = min(touched, place)
        del self._moments[touched:]
        for events in self._events[touched:]:
            before = self._moments[-1] if self._moments else _Moment()
            self._moments.append(self._step(before, sorted(events, key=lambda item: IN_ORDER(item[1]))))
        return self._moments[-1]

    def _step(self, before: _Moment, events: Sequence[tuple[int, Milestone]]) -> _Moment:
        one, other = (self._side(before.sides[side], [m for at, m in events if at == side]) for side in (0, 1))
        stretch = before.stretch
        alike = self._likeness(one, other)
        is_open = stretch is not None and stretch.ended_by is None
        if alike is None:
            if stretch is not None and is_open:
                stretch = replace(stretch, ended_by=events[-1][1])
        elif stretch is not None and is_open:
            stretch = replace(stretch, likeness=alike)
        else:
            assert one.latest
            assert other.latest
            stretch = _Stretch(events[-1][1].occurred_at, (one.latest, other.latest), alike)
        return _Moment((one, other), stretch)

    def _side(self, side: _Side, events: Sequence[Milestone]) -> _Side:
        for event in events:
            if event.type in self._rule.described_by:
                stated = {name: text for name, text in event.facts.attributes.items() if name in self._rule.attributes}
                side = _Side(side.first_at or event.occurred_at, {**side.description, **stated}, event)
        # At the same instant what takes an object out comes last.
        return replace(side, is_out=True) if any(event.type in self._rule.unless for event in events) else side

    def _likeness(self, one: _Side, other: _Side) -> Likeness | None:
        if one.is_out or other.is_out or not (one.description and other.description):
            return None
        if not (keys(self._rule, one.description) & keys(self._rule, other.description) & self._shared):
            return None
        return likeness(self._rule, one.description, other.description)


def as_it_occurred(history: Sequence[Milestone], at: datetime) -> list[Milestone]:
    """The events that occurred by an instant, each as if it had been received when it did."""
    return [replace(m, received_at=m.occurred_at) for m in once_each(history) if m.occurred_at <= at]
