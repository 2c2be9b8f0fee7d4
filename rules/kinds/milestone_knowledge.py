"""What was known of each clock of one object, and from when on: the history as it arrived."""

import functools
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.milestone import Milestone
from domain.rule import MilestoneRule, Pairing
from rules.kinds.knowledge import Ending, Sightings, Start, first_start, holding, known_from, standing_at
from rules.kinds.milestone import (
    IN_ORDER,
    Evidence,
    by_identity,
    clock_name,
    starts_clock,
)
from rules.kinds.pauses import Pauses, PausesOfClock

Order = tuple[datetime, str, str]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """From `known_at` until the clock's next one, this was its evidence; None where it proved to be no clock.

    `start_known_at` is when the evidence's start became known to start the clock.
    """

    known_at: datetime
    start_known_at: datetime
    evidence: Evidence | None


def clock_timelines(
    rule: MilestoneRule, history: Iterable[Milestone], through: datetime
) -> list[tuple[str, list[Knowledge]]]:
    """Every clock known by `through`, named, with what was known of it in order of time."""
    types = rule.event_types
    known = [m for m in history if m.type in types and known_from(m) <= through]
    versions = sorted(by_identity(known), key=lambda rows: rows[0].order)
    starts = _starts(rule, [rows for rows in versions if rows[0].type == rule.from_type])
    if not starts:
        return []
    relevant = [rows[0] for rows in versions]
    tos = Sightings([m for m in relevant if m.type == rule.to_type])
    endings = Sightings([m for m in relevant if m.type in rule.unless])
    pauses = Pauses(rule, relevant)
    one_to_one = rule.pairing is Pairing.ONE_TO_ONE
    assigned = _assign(rule, starts, tos.milestones) if one_to_one else {}
    timelines = []
    for name, changes in starts.items():
        timeline: list[Knowledge] = []
        for position, change in enumerate(changes):
            until = changes[position + 1].known_at if position + 1 < len(changes) else None
            if change.milestone is None:
                timeline.append(Knowledge(change.known_at, change.since, None))
                continue
            since = change.milestone.occurred_at - rule.skew
            ends = assigned[name] if one_to_one else tos.first_known(since, change.known_at)
            unless = endings.first_known(since, change.known_at)
            timeline.extend(_evidence(change, until, ends, unless, pauses))
        timelines.append((name, timeline))
    return timelines


def _evidence(
    change: Start, until: datetime | None, tos: Sequence[Ending], endings: Sequence[Ending], pauses: Pauses
) -> list[Knowledge]:
    """The evidence while one milestone starts the clock, each time it changes."""
    assert change.milestone is not None
    endings_known = {change.known_at, *(ending.known_at for ending in (*tos, *endings))}
    if not pauses.begins:
        return list(_changes(change, until, tos, endings, endings_known, None))
    near = PausesOfClock(pauses, change.milestone, change.known_at)
    while True:
        looked_at = near.instants
        found = list(_changes(change, until, tos, endings, endings_known | looked_at, near))
        if near.instants == looked_at:
            return found


def _changes(
    change: Start,
    until: datetime | None,
    tos: Sequence[Ending],
    endings: Sequence[Ending],
    instants: Iterable[datetime],
    pauses: PausesOfClock | None,
) -> Iterator[Knowledge]:
    assert change.milestone is not None
    before: Evidence | None = None
    for instant in sorted(instants):
        if instant < change.known_at:
            continue
        if until is not None and instant >= until:
            break
        evidence = Evidence(change.milestone, standing_at(tos, instant), standing_at(endings, instant))
        if pauses:
            ended_by = evidence.ended_by
            paused = pauses.at(instant, ended_by.occurred_at if ended_by else None)
            evidence = replace(evidence, pauses=paused)
        if evidence != before:
            yield Knowledge(instant, change.since, evidence)
            before = evidence


def _starts(rule: MilestoneRule, froms: Sequence[Sequence[Milestone]]) -> dict[str, list[Start]]:
    """For each clock, by name, what started it as knowledge grew; `froms` are the rows of each `from`."""
    counts = functools.partial(starts_clock, rule)
    if rule.pairing is Pairing.FIRST:
        candidates = [holding(counts, rows) for rows in froms]
        return {"": first_start(candidates)} if any(candidates) else {}
    return {clock_name(rule, rows[0]): held for rows in froms if (held := holding(counts, rows))}


def _assign(
    rule: MilestoneRule, starts: Mapping[str, Sequence[Start]], tos: Sequence[Milestone]
) -> dict[str, list[Ending]]:
    """For each clock under pairing one_to_one the `to` that was its own, each time that changed."""
    arrivals: dict[datetime, tuple[list[tuple[str, Start]], list[Milestone]]] = {}
    for name, changes in starts.items():
        for change in changes:
            arrivals.setdefault(change.known_at, ([], []))[0].append((name, change))
    for to in tos:
        arrivals.setdefault(known_from(to), ([], []))[1].append(to)
    pairs = _Pairs(rule.skew)
    assigned: dict[str, list[Ending]] = {name: [] for name in starts}
    for known_at in sorted(arrivals):
        for name, to_or_none in pairs.learn(*arrivals[known_at]):
            assigned[name].append(Ending(known_at, to_or_none))
    return assigned


class _Pairs:
    """Gives every start its own `to` in time order, and again from the first place that news touches.

    Starts that have a `to` come before those that wait: what is too early for one start is too early for
    the next, so the first that finds none leaves none for those behind it.
    """

    def __init__(self, skew: timedelta) -> None:
        self._skew = skew
        self._starts: list[Milestone] = []
        self._names: list[str] = []
        self._matches: list[Milestone | None] = []
        self._tos: list[Milestone] = []
        self._orders: dict[str, Order] = {}

    def learn(
        self, starts: Sequence[tuple[str, Start]], tos: Sequence[Milestone]
    ) -> list[tuple[str, Milestone | None]]:
        """The clocks whose `to` changes with this news, and which it is now."""
        touched = min((self._first_behind(to) for to in tos), default=len(self._starts))
        for to in tos:
            insort(self._tos, to, key=IN_ORDER)
        last_to = max((to.order for to in tos), default=None)
        last_place = 0
        gone: list[tuple[str, Milestone | None]] = []
        for name, change in starts:
            place = self._place(name, change.milestone)
            touched, last_place = min(touched, place), max(last_place, place)
            if change.milestone is None:
                gone.append((name, None))
        # Each may have moved those before it by a place.
        return gone + self._match_from(touched, last_place + len(starts), last_to)

    def _first_behind(self, to: Milestone) -> int:
        """The first start that waits or has a later `to` than this one."""

        def is_behind(match: Milestone | None) -> bool:
            return match is None or match.order > to.order

        return bisect_left(self._matches, True, key=is_behind)

    def _place(self, name: str, start: Milestone | None) -> int:
        """Takes a start in, or out, and says where."""
        order = start.order if start else self._orders.get(name)
        if order is None:
            return len(self._starts)
        place = bisect_left(self._starts, order, key=IN_ORDER)
        if start is None:
            del self._starts[place], self._names[place], self._matches[place], self._orders[name]
        elif name not in self._orders:
            self._orders[name] = order
            self._starts.insert(place, start)
            self._names.insert(place, name)
            self._matches.insert(place, None)
        return place

    def _match_from(self, touched: int, last_place: int, last_to: Order | None) -> list[tuple[str, Milestone | None]]:
        """Matches from a place on, up to where nothing is new and the match is as it was: so are all behind it."""
        unused = 0
        if touched:
            last = self._matches[touched - 1]
            if last is None:
                return []
            unused = bisect_left(self._tos, last.order, key=IN_ORDER) + 1
        changed: list[tuple[str, Milestone | None]] = []
        for place in range(touched, len(self._starts)):
            since = self._starts[place].occurred_at - self._skew
            while unused < len(self._tos) and self._tos[unused].occurred_at < since:
                unused += 1
            match = self._tos[unused] if unused < len(self._tos) else None
            unused += 1
            if match is not self._matches[place]:
                self._matches[place] = match
                changed.append((self._names[place], match))
            elif place >= last_place and (match is None or last_to is None or match.order > last_to):
                break
        return changed
