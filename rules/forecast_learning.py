"""Learns how long cases take, once at each instant of the grid, and gives rules what was learnt.

A curve is learnt from the clocks that started before its instant, by what was known then: completed ones count with
their time, running ones and those that an `unless` ended as having waited at least so long. It is stored once and never
learnt again, so a tick between two instants of the grid costs the same whatever the history.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from domain.calendar import PauseStretch, counted_time, earliest_start
from domain.forecast_rule import EVERYTHING, ForecastRule, Segment
from domain.instants import EARLIEST, LATEST, from_micros, to_micros
from domain.kaplan_meier import estimate
from domain.rule import Pairing, Rule
from domain.survival import SurvivalCurve
from rules.compiler import compile_condition
from rules.kinds.forecast import GRID, grid_before
from rules.versions import VersionedRule, versions_of
from storage.client import Store
from storage.forecasts import (
    ClockCase,
    ClockType,
    clock_cases,
    learnt_instants,
    pause_times,
    read_curves,
    write_curves,
)
from storage.milestones import Stretch, stretches

Curves = Mapping[Segment, SurvivalCurve]
_MICROSECOND = timedelta(microseconds=1)
_MILESTONES_AT_ONCE = 1_000_000
# How many instants of the grid are in memory at once for each rule: the latest are asked for nearly always.
_MOST_INSTANTS = 100


def learn(store: Store, rule: ForecastRule, at: datetime, known_at: datetime) -> dict[Segment, SurvivalCurve]:
    """The curves by what occurred by `at` and was received by `known_at`, of all cases and of each segment that counts.

    A segment of which fewer cases completed than the rule needs has none.
    """
    times: dict[Segment, list[int]] = defaultdict(list)
    completed: dict[Segment, list[bool]] = defaultdict(list)
    for case, counted in counted_cases(store, rule, max(at - rule.learn_from, EARLIEST), at, known_at):
        segment = tuple(case.segment)
        for one in {EVERYTHING, segment} if all(segment) else {EVERYTHING}:
            times[one].append(counted)
            completed[one].append(case.completed)
    curves = {
        segment: estimate(np.array(found, dtype=np.int64), np.array(completed[segment], dtype=np.bool_))
        for segment, found in times.items()
        if segment == EVERYTHING or sum(completed[segment]) >= rule.at_least
    }
    return curves or {EVERYTHING: estimate(np.array([], dtype=np.int64), np.array([], dtype=np.bool_))}


def counted_cases(
    store: Store, rule: ForecastRule, since: datetime, at: datetime, known_at: datetime
) -> Iterator[tuple[ClockCase, int]]:
    """The clocks that started in (since, at], with the counted time in microseconds that each took, or took so far."""
    target = rule.target
    clocks = ClockType(
        object_type=rule.object_type,
        from_type=target.from_type,
        to_type=target.to_type,
        unless=target.unless,
        only_first=target.pairing is Pairing.FIRST,
        skew=target.skew,
        per=rule.segment,
        where=target.where,
        conditions={text: compile_condition(text).sql for text in target.conditions},
    )
    for stretch in stretches(store, rule.object_type, _MILESTONES_AT_ONCE):
        pauses = _pauses(store, rule, stretch, at, known_at)
        at_us = to_micros(at)
        for case in clock_cases(store, clocks, stretch, since, at, known_at):
            end_us = at_us if case.end_us is None else case.end_us
            # A `to` may come a little before its start, where clocks disagree.
            counted = max(end_us - case.start_us, 0)
            if counted and (target.calendar or case.object_id in pauses):
                begin, end = from_micros(case.start_us), from_micros(end_us)
                counted = counted_time(target.calendar, begin, end, pauses.get(case.object_id, ())) // _MICROSECOND
            yield case, counted


def _pauses(
    store: Store, rule: ForecastRule, stretch: Stretch, at: datetime, known_at: datetime
) -> dict[str, Sequence[PauseStretch]]:
    pause = rule.target.pause
    if pause is None:
        return {}
    times = pause_times(store, rule.object_type, (pause.from_type, pause.until_type), stretch, at, known_at)
    return {object_id: list(_paired(*found)) for object_id, found in times.items()}


def _paired(begins: Sequence[datetime], ends: Sequence[datetime]) -> Iterator[PauseStretch]:
    """From each beginning to the next end at or after it."""
    position = 0
    for begin in begins:
        while position < len(ends) and ends[position] < begin:
            position += 1
        yield begin, ends[position] if position < len(ends) else None


def earliest_risk(rule: ForecastRule, curve: SurvivalCurve) -> timedelta | None:
    """The least counted time after which a curve makes a clock of the rule at risk; None: no time does."""
    if curve.completed < rule.at_least:
        return None
    if rule.target.close:
        # A period may leave any time.
        return timedelta(0)
    found = (curve.likely_from(window // _MICROSECOND, float(rule.chance)) for window in rule.windows)
    return min((time * _MICROSECOND for time in found if time is not None), default=None)


def _is_over(rule: ForecastRule, at: datetime) -> bool:
    """Whether every clock that a former version of a rule has had its deadline by then, pauses aside."""
    until = rule.tenure.until
    return until is not None and earliest_start(rule.target.calendar, max(rule.windows), at) >= until


def instants_for(rule: ForecastRule, since: datetime, through: datetime) -> list[datetime]:
    """The grid up to `through`, from where it matters for clocks whose deadline is after `since`, pauses aside."""
    first = grid_before(max(earliest_start(rule.target.calendar, max(rule.windows), since), EARLIEST + GRID))
    return [first + number * GRID for number in range((grid_before(through) - first) // GRID + 1)]


class KeptForecasts:
    """What a rule learnt, found again when it is asked for; keeps what was asked for last."""

    def __init__(self, find: Callable[[datetime], Curves], earliest: timedelta | None = None) -> None:
        self.earliest = earliest
        self._find = find
        self._found: dict[datetime, Curves] = {}

    def learnt_at(self, instant: datetime) -> Curves:
        """The curves that were learnt at an instant of the grid."""
        curves = self._found.get(instant)
        if curves is None:
            if len(self._found) >= _MOST_INSTANTS:
                del self._found[min(self._found)]
            curves = self._found[instant] = self._find(instant)
        return curves


class ForecastEngine:
    """Has forecast rules learn as time passes, over one store; what it keeps it can read again."""

    def __init__(self, store: Store, rules: Iterable[Rule]) -> None:
        self._store = store
        versions = (version for rule in rules for version in versions_of(rule))
        self._rules = [version for version in versions if isinstance(version, ForecastRule)]
        self._through: datetime | None = None

    def learn(self, through: datetime) -> bool:
        """Stores what is to be learnt by an instant; whether rules have to be given anew what was learnt.

        A new rule, or one that was changed, learns for the clocks that run, and from then on at every instant.
        """
        grid = grid_before(through)
        if not self._rules or (self._through is not None and grid <= self._through):
            return False
        learnt = learnt_instants(self._store)
        for rule in self._rules:
            before = learnt.get((rule.name, rule.version))
            first = max(before) + GRID if before else instants_for(rule, through, through)[0]
            for at in (first + number * GRID for number in range((grid - first) // GRID + 1)):
                if not _is_over(rule, at):
                    self._store_learnt(rule, at, through)
        self._through = grid
        return True

    def _store_learnt(self, rule: ForecastRule, at: datetime, recorded_at: datetime) -> None:
        curves = learn(self._store, rule, at, at)
        earliest = {segment: earliest_risk(rule, curve) for segment, curve in curves.items()}
        write_curves(self._store, rule.name, rule.version, at, curves, earliest, recorded_at)

    def informed(self, rules: Iterable[Rule]) -> list[Rule]:
        """The rules, those that forecast with what they learnt."""
        if not self._rules:
            return list(rules)
        learnt = learnt_instants(self._store)
        return _informed(rules, lambda rule: self._inform(rule, learnt.get((rule.name, rule.version), {})))

    def _inform(self, rule: ForecastRule, learnt: Mapping[datetime, timedelta | None]) -> ForecastRule:
        earliest = min((time for time in learnt.values() if time is not None), default=None)
        return replace(rule, forecasts=KeptForecasts(_stored(self._store, rule, learnt), earliest))


def _stored(store: Store, rule: ForecastRule, learnt: Mapping[datetime, object]) -> Callable[[datetime], Curves]:
    return lambda at: read_curves(store, rule.name, rule.version, at) if at in learnt else {}


def informed_at(store: Store, rules: Iterable[Rule], at: datetime, known_at: datetime | None) -> list[Rule]:
    """The rules, those that forecast with what they learn for `at` by occurrence, of what was received by `known_at`.

    None is all there is. What was stored when it was learnt counts, since that is what was known then.
    """
    rules = list(rules)
    if not any(isinstance(version, ForecastRule) for rule in rules for version in versions_of(rule)):
        return rules
    learnt = learnt_instants(store)

    def inform(rule: ForecastRule) -> ForecastRule:
        stored = learnt.get((rule.name, rule.version), {})

        def find(instant: datetime) -> Curves:
            if instant in stored and (known_at is None or instant <= known_at):
                return read_curves(store, rule.name, rule.version, instant)
            return learn(store, rule, instant, known_at or LATEST)

        # A clock that began earlier than these matter for is paused, and its curves are learnt when they are asked for.
        return replace(rule, forecasts=_kept(rule, find, instants_for(rule, at, at)))

    return _informed(rules, inform)


def _kept(rule: ForecastRule, find: Callable[[datetime], Curves], instants: Iterable[datetime]) -> KeptForecasts:
    """What a rule learnt, with the least time that makes a clock at risk by what it learnt at some instants."""
    forecasts = KeptForecasts(find)
    times = [earliest_risk(rule, curve) for at in instants for curve in forecasts.learnt_at(at).values()]
    forecasts.earliest = min((time for time in times if time is not None), default=None)
    return forecasts


def informed_for(
    store: Store, rules: Iterable[Rule], since: datetime, through: datetime, *, by_receipt: bool
) -> list[Rule]:
    """The rules, those that forecast with what they learn for a stretch of time, by receipt or by occurrence."""
    return _informed(rules, lambda rule: _informed_for(store, rule, since, through, by_receipt=by_receipt))


def _informed(rules: Iterable[Rule], inform: Callable[[ForecastRule], ForecastRule]) -> list[Rule]:
    """The rules, those that forecast informed, each version of a rule by itself."""

    def informed(rule: Rule) -> Rule:
        if isinstance(rule, VersionedRule):
            versions = tuple(inform(one) if isinstance(one, ForecastRule) else one for one in rule.versions)
            return replace(rule, versions=versions)
        return inform(rule) if isinstance(rule, ForecastRule) else rule

    return [informed(rule) for rule in rules]


def _informed_for(
    store: Store, rule: ForecastRule, since: datetime, through: datetime, *, by_receipt: bool
) -> ForecastRule:
    curves = {at: learn(store, rule, at, at if by_receipt else LATEST) for at in instants_for(rule, since, through)}
    return replace(rule, forecasts=_kept(rule, lambda at: curves.get(at, {}), curves))
