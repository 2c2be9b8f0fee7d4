"""A second reading of DESIGN part 5: brute force over instants, written for clarity and sharing no code.

Time moves in ticks of five seconds. Every instant of the generated histories is a whole minute, and every
share of a window used in them is a whole number of ticks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from domain.milestone import Milestone
from domain.rule import MilestoneRule

TICK = timedelta(seconds=5)
HORIZON = timedelta(minutes=90)
# The periods of the generated rules with `close`.
FIRST_PERIOD = datetime(2026, 1, 5, 9, tzinfo=UTC)
PERIOD = timedelta(minutes=14)


@dataclass(frozen=True)
class Verdict:
    """What the words say of one clock at one instant; severity of what was never alerted is not compared."""

    start_id: tuple[str, str]
    state: str
    fired_at: datetime | None
    resolved_at: datetime | None
    deadline_at: datetime | None
    severity: str | None


def verdicts(rule: MilestoneRule, history: Sequence[Milestone], at: datetime) -> list[Verdict]:
    """The verdict on each clock, in order of its start."""
    known: dict[tuple[str, str], Milestone] = {}
    for milestone in history:
        if milestone.occurred_at <= at:
            known[milestone.source, milestone.event_id] = milestone
    events = sorted(known.values(), key=lambda m: (m.occurred_at, m.source, m.event_id))
    starts = [m for m in events if m.type == rule.from_type and (not rule.where or rule.where in m.holds)]
    if rule.pairing == "first":
        starts = starts[:1]
    used: set[tuple[str, str]] = set()
    found = []
    for start in starts:
        to = None
        for candidate in events:
            identity = (candidate.source, candidate.event_id)
            if candidate.type != rule.to_type or candidate.occurred_at < start.occurred_at - rule.skew:
                continue
            if rule.pairing == "one_to_one" and identity in used:
                continue
            used.add(identity)
            to = candidate
            break
        found.append(_verdict(rule, events, start, to, at))
    return found


def _verdict(
    rule: MilestoneRule, events: Sequence[Milestone], start: Milestone, to: Milestone | None, at: datetime
) -> Verdict:
    within = rule.within
    for override in reversed(rule.overrides):
        if override.where in start.holds:
            within = override.within
    cancelled_at = [
        m.occurred_at for m in events if m.type in rule.unless and m.occurred_at >= start.occurred_at - rule.skew
    ]
    endings = sorted([*cancelled_at, *([to.occurred_at] if to else [])])
    ended_at = endings[0] if endings else None
    reached = _walk(rule, events, start.occurred_at, within, ended_at)
    deadline_at = reached[1.0]
    period_ends = FIRST_PERIOD
    while period_ends <= start.occurred_at:
        period_ends += PERIOD
    cutoff_at = period_ends - timedelta(microseconds=1) if rule.close else None
    if cutoff_at and (deadline_at is None or cutoff_at < deadline_at):
        left = _used_by(rule, events, start.occurred_at, period_ends, ended_at)
        reached = {**_walk(rule, events, start.occurred_at, left, ended_at), 1.0: cutoff_at}
        deadline_at = cutoff_at
    # A level comes after the one before it, also where no time is left between them.
    passed = takewhile(lambda step: _passed(reached[float(step.share)], ended_at or at), rule.severity)
    levels = [step.level for step in passed]
    severity = levels[-1] if levels else rule.severity[0].level
    identity = (start.source, start.event_id)
    if ended_at and (deadline_at is None or ended_at <= deadline_at):
        met = to is not None and to.occurred_at == ended_at
        return Verdict(identity, "in_time" if met else "cancelled", None, None, None, None)
    if deadline_at and deadline_at <= at:
        state = "resolved" if ended_at else "firing"
        return Verdict(identity, state, deadline_at, ended_at, deadline_at, severity)
    if rule.at_risk and _passed(reached[float(rule.at_risk)], at):
        return Verdict(identity, "at_risk", None, None, deadline_at, severity)
    return Verdict(identity, "open", None, None, deadline_at, None)


def _passed(instant: datetime | None, at: datetime) -> bool:
    return instant is not None and instant <= at


def _walk(
    rule: MilestoneRule,
    events: Sequence[Milestone],
    begun_at: datetime,
    within: timedelta,
    ended_at: datetime | None,
) -> dict[float, datetime | None]:
    """When each share of the window was used up, tick by tick; None where a pause never ends."""
    shares = {1.0, *(float(step.share) for step in rule.severity), float(rule.at_risk or 1)}
    reached: dict[float, datetime | None] = dict.fromkeys(shares)
    used = timedelta(0)
    now = begun_at
    while now <= begun_at + HORIZON and None in reached.values():
        for share in shares:
            if reached[share] is None and used >= share * within - timedelta(milliseconds=1):
                reached[share] = now
        if not _paused(rule, events, now) or (ended_at is not None and now >= ended_at):
            used += TICK
        now += TICK
    return reached


def _used_by(
    rule: MilestoneRule, events: Sequence[Milestone], begun_at: datetime, end: datetime, ended_at: datetime | None
) -> timedelta:
    """How much of the window is used up by an instant, tick by tick."""
    ticks = range(max(0, (end - begun_at) // TICK))
    running = [
        number
        for number in ticks
        if not _paused(rule, events, begun_at + number * TICK)
        or (ended_at is not None and begun_at + number * TICK >= ended_at)
    ]
    return len(running) * TICK


def _paused(rule: MilestoneRule, events: Sequence[Milestone], now: datetime) -> bool:
    if rule.pause is None:
        return False
    for begin in events:
        if begin.type == rule.pause.from_type and begin.occurred_at <= now:
            ends = [m for m in events if m.type == rule.pause.until_type]
            if not any(begin.occurred_at <= end.occurred_at <= now for end in ends):
                return True
    return False
