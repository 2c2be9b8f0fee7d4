"""Judges one object under a milestone rule: a pure reading of its history at an instant."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from operator import attrgetter

from domain.calendar import PauseStretch, add_time, counted_time
from domain.instants import LATEST
from domain.milestone import Milestone
from domain.period import Period
from domain.rule import MilestoneRule, Override, Pairing

_MICROSECOND = timedelta(microseconds=1)
# Cannot occur in an id, so that no two events make the same clock.
CLOCK_SEPARATOR = "\x1f"
IN_ORDER = attrgetter("order")
OCCURRED_AT = attrgetter("occurred_at")
RECEIVED_AT = attrgetter("received_at")


class CaseState(StrEnum):
    """How one clock of one object stands."""

    OPEN = "open"
    AT_RISK = "at_risk"
    FIRING = "firing"
    RESOLVED = "resolved"
    IN_TIME = "in_time"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decides one clock: what started it, the first `to` and `unless` that count, and the pauses."""

    start: Milestone
    to: Milestone | None
    unless: Milestone | None
    pauses: tuple[PauseStretch, ...] = ()

    @property
    def ended_by(self) -> Milestone | None:
        """The earlier of `to` and `unless`; at the same instant the duty was met."""
        if self.to and self.unless:
            return self.to if self.to.occurred_at <= self.unless.occurred_at else self.unless
        return self.to or self.unless


@dataclass(frozen=True, slots=True)
class Schedule:
    """The instants at which time alone changes what the evidence says; None while an open pause hides one.

    `earliest_deadline_at` is the deadline if an open pause ended at once. `period` is the one whose cutoff comes before
    the window is over, and so is the deadline. `steps` are the severity's.
    """

    evidence: Evidence
    deadline_at: datetime | None
    earliest_deadline_at: datetime
    at_risk_at: datetime | None
    steps: tuple[tuple[datetime | None, str], ...]
    period: Period | None = None

    @property
    def changes(self) -> list[datetime]:
        """Every known instant of it, in order."""
        known = (self.at_risk_at, self.deadline_at, *(since for since, _ in self.steps))
        return sorted({instant for instant in known if instant is not None})

    def next_after(self, at: datetime) -> datetime | None:
        """The first of its instants after `at`, where there is one."""
        return next((instant for instant in self.changes if instant > at), None)

    def severity(self, at: datetime) -> tuple[str, datetime | None]:
        """The level at an instant and since when; before the first step it is that step's, since no instant."""
        level, since = self.steps[0][1], None
        for step_at, step_level in self.steps:
            if step_at is None or step_at > at:
                break
            level, since = step_level, step_at
        return level, since


@dataclass(frozen=True, slots=True)
class Case:
    """The verdict on one clock at one instant.

    `clock` is empty where the object has one clock, else names the event that started it. `deadline_at` is
    None while an open pause keeps it unknown. `period` is the one whose cutoff is the deadline, where that comes first.
    `judged_at` and `schedule` are what the verdict was made from.
    """

    rule: MilestoneRule
    clock: str
    start: Milestone
    started_at: datetime
    deadline_at: datetime | None
    earliest_deadline_at: datetime
    at_risk_at: datetime | None
    state: CaseState
    fired_at: datetime | None
    resolved_at: datetime | None
    ended_by: Milestone | None
    severity: str
    severity_since: datetime | None
    judged_at: datetime = field(compare=False, repr=False)
    schedule: Schedule = field(compare=False, repr=False)
    period: Period | None = None
    pauses: tuple[PauseStretch, ...] = ()

    @property
    def next_change_at(self) -> datetime | None:
        """The next instant at which time alone changes state or severity; None where it changes neither."""
        return None if self.ended_by else self.schedule.next_after(self.judged_at)

    @property
    def within(self) -> timedelta:
        """The counted time that was allowed."""
        return window(self.rule, self.start)

    @property
    def is_paused(self) -> bool:
        """Whether an open pause keeps the deadline unknown."""
        return self.deadline_at is None


def judge(rule: MilestoneRule, history: Iterable[Milestone], at: datetime) -> list[Case]:
    """The verdict on every clock of one object at `at`, in the order the clocks started.

    Events may come in any order and more than once. Only what occurred by `at` counts.
    """
    types = rule.event_types
    relevant = once_each(m for m in history if m.type in types and m.occurred_at <= at)
    relevant.sort(key=IN_ORDER)
    starts = [m for m in relevant if starts_clock(rule, m)]
    if not starts:
        return []
    endings = [m for m in relevant if m.type in rule.unless]
    pauses = pause_stretches(rule, relevant)
    cases = []
    for start, to in _pair(rule, starts, [m for m in relevant if m.type == rule.to_type]):
        unless = first_since(endings, start.occurred_at - rule.skew)
        evidence = Evidence(start, to, unless)
        ended_at = evidence.ended_by.occurred_at if evidence.ended_by else None
        evidence = replace(evidence, pauses=pauses_near(rule, start, ended_at, pauses))
        cases.append(judge_clock(rule, make_schedule(rule, evidence), at))
    return cases


def once_each(history: Iterable[Milestone]) -> list[Milestone]:
    """Every identity once: as first received, with the facts and conditions last known of it.

    A source may state an event twice, and facts that an event inherits may become known after it.
    """
    return [as_known(versions) for versions in by_identity(history)]


def by_identity(history: Iterable[Milestone]) -> Iterable[list[Milestone]]:
    """The rows of each identity, in order of receipt."""
    found: dict[tuple[str, str], list[Milestone]] = {}
    for milestone in history:
        found.setdefault((milestone.source, milestone.event_id), []).append(milestone)
    for versions in found.values():
        versions.sort(key=RECEIVED_AT)
    return found.values()


def as_known(versions: Sequence[Milestone]) -> Milestone:
    """One milestone from its rows in order of receipt: the first one's identity, the last one's facts."""
    if len(versions) == 1:
        return versions[0]
    return replace(versions[0], facts=versions[-1].facts, holds=versions[-1].holds)


def starts_clock(rule: MilestoneRule, milestone: Milestone) -> bool:
    """Whether a milestone is a `from` for which the rule's condition holds."""
    return milestone.type == rule.from_type and (rule.where is None or rule.where in milestone.holds)


def first_since(milestones: Sequence[Milestone], since: datetime) -> Milestone | None:
    """The first of milestones in order that occurred at or after an instant."""
    position = bisect_left(milestones, since, key=OCCURRED_AT)
    return milestones[position] if position < len(milestones) else None


def pause_stretches(rule: MilestoneRule, relevant: Iterable[Milestone]) -> tuple[PauseStretch, ...]:
    """The time from each start of a pause to the next end of one, at or after it; milestones are in order."""
    if rule.pause is None:
        return ()
    relevant = list(relevant)
    ends = [m for m in relevant if m.type == rule.pause.until_type]
    stretches: list[PauseStretch] = []
    for begin in relevant:
        if begin.type == rule.pause.from_type:
            end = first_since(ends, begin.occurred_at)
            stretches.append((begin.occurred_at, end.occurred_at if end else None))
    return tuple(stretches)


def pauses_near(
    rule: MilestoneRule, start: Milestone, ended_at: datetime | None, stretches: Sequence[PauseStretch]
) -> tuple[PauseStretch, ...]:
    """Those of all stretches, in order, that can move the clock which began with `start`."""
    if not stretches:
        return ()
    longest = longest_window(rule, start)
    # The first end at or after a beginning is no earlier than that of an earlier beginning.
    first = bisect_right(stretches, start.occurred_at, key=lambda stretch: stretch[1] or LATEST)
    some = 8
    while True:
        near = stretches[first : first + some]
        horizon = min(latest_change(rule, start.occurred_at, longest, near), ended_at or LATEST)
        if first + some >= len(stretches) or stretches[first + some][0] >= horizon:
            return tuple(stretch for stretch in near if stretch[0] < horizon)
        some *= 2


def longest_window(rule: MilestoneRule, start: Milestone) -> timedelta:
    """How much counted time passes from a start until its last severity step."""
    within = window(rule, start)
    shares = (Fraction(1), rule.at_risk or Fraction(1), *(step.share for step in rule.severity))
    return share_of(within, max(shares))


def latest_change(
    rule: MilestoneRule, started_at: datetime, longest: timedelta, pauses: Sequence[PauseStretch]
) -> datetime:
    """When so much time is used up; an open pause lasts no time here."""
    ended = tuple((begin, until) for begin, until in pauses if until)
    return (rule.calendar.add if rule.calendar else add_time)(started_at, longest, ended) or LATEST


def event_clock(milestone: Milestone) -> str:
    """The name of a clock that an event has to itself."""
    return f"{milestone.source}{CLOCK_SEPARATOR}{milestone.event_id}"


def clock_name(rule: MilestoneRule, start: Milestone) -> str:
    """Empty where an object has one clock, else the identity of the event that started this one."""
    return "" if rule.pairing is Pairing.FIRST else event_clock(start)


def _pair(
    rule: MilestoneRule, starts: Sequence[Milestone], tos: Sequence[Milestone]
) -> Iterable[tuple[Milestone, Milestone | None]]:
    if rule.pairing is Pairing.ONE_TO_ONE:
        unused = 0
        for start in starts:
            # Starts are in order, so what came too early for one is too early for all that follow.
            while unused < len(tos) and tos[unused].occurred_at < start.occurred_at - rule.skew:
                unused += 1
            yield start, tos[unused] if unused < len(tos) else None
            unused += 1
        return
    for start in starts[:1] if rule.pairing is Pairing.FIRST else starts:
        yield start, first_since(tos, start.occurred_at - rule.skew)


def make_schedule(rule: MilestoneRule, evidence: Evidence) -> Schedule:
    """When time alone changes the verdict that this evidence gives."""
    start, ended_by, pauses = evidence.start, evidence.ended_by, evidence.pauses
    if ended_by and pauses:
        # What happens to the clock after it was stopped must not move its deadline any more.
        end = ended_by.occurred_at
        pauses = tuple((begin, min(until or end, end)) for begin, until in pauses if begin < end)
    add = rule.calendar.add if rule.calendar else add_time
    begin_at = start.occurred_at
    within = window(rule, start)
    deadline_at = add(begin_at, within, pauses)
    if deadline_at is None:
        ended = tuple((begin, until) for begin, until in pauses if until)
        earliest_at = add(begin_at, within, ended)
    else:
        earliest_at = deadline_at
    period = rule.close.period(start.facts.legal_entity, begin_at) if rule.close else None
    if period and (deadline_at is None or period.cutoff_at < deadline_at):
        # Shares are of the time that is left then.
        deadline_at = period.cutoff_at
        earliest_at = min(earliest_at or LATEST, deadline_at)
        within = counted_time(rule.calendar, begin_at, deadline_at, pauses)
    else:
        period = None
    at_risk_at = add(begin_at, share_of(within, rule.at_risk), pauses) if rule.at_risk else None
    steps = []
    for step in rule.severity:
        at = deadline_at if step.share == 1 else add(begin_at, share_of(within, step.share), pauses)
        if period and step.share > 1 and at:
            # Where a pause leaves no time before the cutoff, twice that time is none either.
            at = max(at, period.cutoff_at)
        steps.append((at, step.level))
    return Schedule(evidence, deadline_at, earliest_at or LATEST, at_risk_at, tuple(steps), period)


def window(rule: MilestoneRule, start: Milestone) -> timedelta:
    """The time allowed from this start: the first override's that holds, else the rule's."""
    override = override_of(rule, start)
    return override.within if override else rule.within


def override_of(rule: MilestoneRule, start: Milestone) -> Override | None:
    """The override that applies from this start; None where the rule's own window does."""
    return next((override for override in rule.overrides if override.where in start.holds), None)


def share_of(within: timedelta, share: Fraction) -> timedelta:
    """That share of a window, cut to whole microseconds."""
    return within // _MICROSECOND * share.numerator // share.denominator * _MICROSECOND


def judge_clock(rule: MilestoneRule, schedule: Schedule, at: datetime) -> Case:
    """The verdict on one clock at an instant at or after everything its evidence holds."""
    start, ended_by = schedule.evidence.start, schedule.evidence.ended_by
    deadline_at = schedule.deadline_at
    fired_at = resolved_at = None
    if ended_by and (deadline_at is None or ended_by.occurred_at <= deadline_at):
        state = CaseState.IN_TIME if ended_by is schedule.evidence.to else CaseState.CANCELLED
    elif deadline_at is not None and deadline_at <= at:
        fired_at = deadline_at
        state = CaseState.RESOLVED if ended_by else CaseState.FIRING
        resolved_at = ended_by.occurred_at if ended_by else None
    elif schedule.at_risk_at is not None and schedule.at_risk_at <= at:
        state = CaseState.AT_RISK
    else:
        state = CaseState.OPEN
    severity, severity_since = schedule.severity(ended_by.occurred_at if ended_by else at)
    return Case(
        rule=rule,
        clock=clock_name(rule, start),
        start=start,
        started_at=start.occurred_at,
        deadline_at=deadline_at,
        earliest_deadline_at=schedule.earliest_deadline_at,
        at_risk_at=schedule.at_risk_at,
        state=state,
        fired_at=fired_at,
        resolved_at=resolved_at,
        ended_by=ended_by,
        severity=severity,
        severity_since=severity_since,
        judged_at=at,
        schedule=schedule,
        period=schedule.period,
        pauses=schedule.evidence.pauses,
    )
