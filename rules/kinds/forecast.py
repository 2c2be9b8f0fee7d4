"""Forecasts of one object which of its clocks will likely miss their deadline, as it became known.

The curve in force is the one learnt at the last instant of the grid. A clock is at risk from the instant on at which
the chance of missing, given the time it has waited, reaches the rule's; until it ends, its deadline passes (then the
alert of the milestone rule itself fires), or a later curve says otherwise. While the chance is unknown, nothing
changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.alert import AlertState
from domain.calendar import add_time, counted_time
from domain.forecast_rule import EVERYTHING, ForecastRule, Segment
from domain.instants import EPOCH, LATEST
from domain.milestone import Milestone
from domain.survival import Chance, SurvivalCurve
from rules.kinds.milestone import (
    Case,
    CaseState,
    Evidence,
    Schedule,
    judge,
    judge_clock,
    make_schedule,
    once_each,
    window,
)
from rules.kinds.milestone_knowledge import Knowledge, clock_timelines
from rules.told import LATE_GRACE, Change, Reading, Told

GRID = timedelta(days=1)
# What fewer cases that waited as long did is no measure of what comes: nothing is told by them.
FEWEST_WAITED = 5
_MICROSECOND = timedelta(microseconds=1)
_ROOM = 1e-8


class Ending(StrEnum):
    """Why a clock is no longer at risk."""

    MET = "met"
    CANCELLED = "cancelled"
    MISSED = "missed"
    UNLIKELY = "unlikely"


@dataclass(frozen=True, slots=True)
class Risk:
    """The chance to miss of a clock that has `waited`, by the curve of its segment (empty: all cases)."""

    learnt_at: datetime
    segment: Segment
    cases: int
    waited: timedelta
    window: timedelta
    chance: Chance


@dataclass(frozen=True, slots=True)
class Outlook:
    """One clock of the milestone rule as it stands, how likely it is missed, and why it is no longer at risk."""

    rule: ForecastRule
    case: Case
    risk: Risk | None
    ending: Ending | None = None

    @property
    def clock(self) -> str:
        """The name of the clock."""
        return self.case.clock

    @property
    def start(self) -> Milestone:
        """What started the clock."""
        return self.case.start

    @property
    def started_at(self) -> datetime:
        """When it started."""
        return self.case.started_at

    @property
    def ended_by(self) -> Milestone | None:
        """What ended it."""
        return self.case.ended_by

    @property
    def within(self) -> timedelta | None:
        """The counted time that is allowed."""
        return self.case.within

    @property
    def is_paused(self) -> bool:
        """Whether an open pause keeps the deadline unknown."""
        return self.case.is_paused


def read(rule: ForecastRule, history: Iterable[Milestone], through: datetime) -> Reading:
    """All that the rule tells of an object by `through`, and when time alone next changes that."""
    history = list(history)
    types = rule.event_types
    # An event from a source whose clock runs ahead counts once its time has come.
    due = [m.occurred_at for m in history if m.type in types and m.received_at <= through < m.occurred_at]
    changes: list[Change] = []
    for _, timeline in clock_timelines(rule.target, history, through):
        course = _Course(rule, through)
        for position, knowledge in enumerate(timeline):
            course.learn(knowledge, timeline[position + 1].known_at if position + 1 < len(timeline) else None)
        changes += course.changes
        due += [course.due_at] if course.due_at else []
    return Reading(changes, min((instant for instant in due if instant <= LATEST), default=None))


def stand(rule: ForecastRule, history: Iterable[Milestone], at: datetime) -> list[Told[Outlook]]:
    """What is at risk at `at` by all that the history holds, each event known as it occurred."""
    known = [replace(m, received_at=m.occurred_at) for m in once_each(history) if m.occurred_at <= at]
    if not any(case.state in (CaseState.OPEN, CaseState.AT_RISK) for case in judge(rule.target, known, at)):
        return []
    last = {told.case.clock: told for _, told in read(rule, known, at).changes}
    return [told for told in last.values() if told.state is AlertState.AT_RISK]


def grid_before(instant: datetime) -> datetime:
    """The last instant of the grid at or before an instant: midnight, UTC."""
    return EPOCH + (instant - EPOCH) // GRID * GRID


class _Clock:
    """A running clock, by evidence that does not change."""

    def __init__(self, rule: ForecastRule, evidence: Evidence) -> None:
        self._rule = rule
        self.schedule = make_schedule(rule.target, evidence)
        self._start = evidence.start
        self._pauses = evidence.pauses
        self._segment = rule.segment_of(evidence.start.source, evidence.start.facts)
        self._window = self._allowed(self.schedule)

    def _allowed(self, schedule: Schedule) -> timedelta | None:
        """The counted time that the clock has; None where a pause is open and a period closes, whatever is paused."""
        if not (schedule.period and schedule.deadline_at):
            return window(self._rule.target, self._start)
        if any(until is None for _, until in self._pauses):
            return None
        return counted_time(self._rule.target.calendar, self._start.occurred_at, schedule.deadline_at, self._pauses)

    def likely_at(self, grid: datetime) -> datetime | None:
        """The instant at which the clock gets at risk by the curve learnt at an instant of the grid."""
        found = usable_curve(self._rule, grid, self._segment)
        if found is None or self._window is None:
            return None
        waited = found[1].likely_from(self._window // _MICROSECOND, float(self._rule.chance))
        if waited is None:
            return None
        calendar = self._rule.target.calendar
        add = calendar.add if calendar else add_time
        return add(self._start.occurred_at, waited * _MICROSECOND, self._pauses)

    def risk(self, instant: datetime) -> Risk | None:
        """How likely the clock is missed, by the curve in force at an instant; None where that is unknown."""
        grid = grid_before(instant)
        found = usable_curve(self._rule, grid, self._segment)
        if found is None or self._window is None:
            return None
        segment, curve = found
        waited = counted_time(self._rule.target.calendar, self._start.occurred_at, instant, self._pauses)
        chance = curve.chance(self._window // _MICROSECOND, waited // _MICROSECOND)
        if chance is None or chance.cases < FEWEST_WAITED:
            return None
        return Risk(grid, segment, curve.cases, waited, self._window, chance)

    def instants(self, since: datetime, end: datetime) -> Iterator[datetime]:
        """The instants from `since` up to `end` at which the risk is judged: since, new curves, getting at risk."""
        while since < end:
            yield since
            grid = grid_before(since)
            likely_at = self.likely_at(grid)
            if likely_at is not None and since < likely_at < min(grid + GRID, end):
                yield likely_at
            since = grid + GRID


def usable_curve(rule: ForecastRule, grid: datetime, segment: Segment | None) -> tuple[Segment, SurvivalCurve] | None:
    """The curve of a segment as learnt at an instant of the grid, or of all cases where it has too few.

    None where those are too few, too.
    """
    curves = rule.forecasts.learnt_at(grid)
    for one in (EVERYTHING,) if segment is None else (segment, EVERYTHING):
        curve = curves.get(one)
        if curve is not None and curve.completed >= rule.at_least:
            return one, curve
    return None


class _Course:
    """What is told of one clock, as knowledge of it grows."""

    def __init__(self, rule: ForecastRule, through: datetime) -> None:
        self.changes: list[Change] = []
        self.due_at: datetime | None = None
        self._rule = rule
        self._through = through
        self._told: Told[Outlook] | None = None

    def learn(self, knowledge: Knowledge, until: datetime | None) -> None:
        """Takes in what was known from an instant on, until the next."""
        self.due_at = None
        evidence, known_at = knowledge.evidence, knowledge.known_at
        if evidence is None or not self._rule.tenure.takes(evidence.start.occurred_at):
            self._retract(known_at, None)
            return
        clock = _Clock(self._rule, evidence)
        if evidence.ended_by is not None:
            self._end(clock.schedule, known_at)
            return
        likely_at = clock.likely_at(grid_before(knowledge.start_known_at))
        if likely_at is not None and likely_at < knowledge.start_known_at:
            known_at = max(known_at, knowledge.start_known_at + LATE_GRACE)
        self._run(clock, known_at, until)

    def _run(self, clock: _Clock, since: datetime, until: datetime | None) -> None:
        """Follows an open clock until more is known, its deadline passes, or time is up."""
        deadline_at = clock.schedule.deadline_at
        end = min(until or LATEST, deadline_at or LATEST, self._through + _MICROSECOND)
        for instant in clock.instants(since, end):
            self._judge(clock, instant, has_news=instant == since)
        passes_at = None if deadline_at is None else max(deadline_at, since)
        if passes_at is not None and passes_at <= self._through and (until is None or passes_at < until):
            self._end(clock.schedule, passes_at)
        elif until is None:
            self.due_at = self._next(clock, since, passes_at)

    def _next(self, clock: _Clock, since: datetime, deadline_at: datetime | None) -> datetime | None:
        if since > self._through:
            return since
        grid = grid_before(self._through)
        due = [grid + GRID, clock.likely_at(grid), deadline_at]
        return min(instant for instant in due if instant is not None and instant > self._through)

    def _judge(self, clock: _Clock, instant: datetime, *, has_news: bool) -> None:
        risk = clock.risk(instant)
        if risk is None:
            return
        case = judge_clock(self._rule.target, clock.schedule, instant)
        outlook = Outlook(self._rule, case, risk)
        if risk.chance.chance >= float(self._rule.chance) * (1 - _ROOM):
            self._tell(instant, _told(AlertState.AT_RISK, outlook, self._rule.level, instant))
        elif self._told and self._told.state is AlertState.AT_RISK:
            if has_news:
                self._retract(instant, outlook)
            else:
                ended = replace(outlook, ending=Ending.UNLIKELY)
                self._tell(instant, _told(AlertState.RESOLVED, ended, self._rule.level, instant))

    def _end(self, schedule: Schedule, known_at: datetime) -> None:
        """The clock ended, or its deadline passed: then the milestone rule tells of it."""
        told = self._told
        if told is None or told.state is AlertState.RETRACTED or told.case.ending is Ending.UNLIKELY:
            return
        case = judge_clock(self._rule.target, schedule, known_at)
        if case.fired_at is not None:
            ending, ended_at = Ending.MISSED, case.fired_at
        else:
            assert case.ended_by
            ending = Ending.MET if case.state is CaseState.IN_TIME else Ending.CANCELLED
            ended_at = case.ended_by.occurred_at
        outlook = Outlook(self._rule, case, told.case.risk, ending)
        self._tell(known_at, _told(AlertState.RESOLVED, outlook, self._rule.level, ended_at))

    def _retract(self, instant: datetime, disproof: Outlook | None) -> None:
        told = self._told
        if told is None or told.state is AlertState.RETRACTED:
            return
        state = AlertState.RETRACTED
        self._tell(instant, replace(told, state=state, resolved_at=None, changed_at=instant, disproof=disproof))

    def _tell(self, instant: datetime, new: Told[Outlook]) -> None:
        if self._told is None or new.gist != self._told.gist:
            self._told = new
            self.changes.append((instant, new))


def _told(state: AlertState, outlook: Outlook, severity: str, changed_at: datetime) -> Told[Outlook]:
    return Told(
        state=state,
        case=outlook,
        severity=severity,
        deadline_at=outlook.case.deadline_at or outlook.case.earliest_deadline_at,
        fired_at=None,
        resolved_at=changed_at if state is AlertState.RESOLVED else None,
        changed_at=changed_at,
    )
