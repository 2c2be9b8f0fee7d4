"""Says of a call, before it is made, whether it will apply, is not needed any more, or must not be made.

It judges by what it is given alone: what is known of the object, what else is under way, and the rules of the house.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, permutations

from alerts.interventions.config import InterventionConfig, RateLimitConfig
from domain.contract import StateMachine
from domain.duration import write_duration
from domain.instants import format_instant
from domain.intervention import Intervention, Verdict
from domain.milestone import Milestone
from domain.period import Periods

# So many events of one instant are tried in every order.
_MOST_IN_EVERY_ORDER = 5


@dataclass(frozen=True, slots=True)
class Situation:
    """What a verdict depends on, at an instant.

    `history` are the object's milestones in the order of their occurrence, `legal_entity` the latest that is known.
    `under_way` are other calls of the same intervention about the object, `tries` when it was called for any object.
    `unwritten` says why the request cannot be made of what is known; empty where it can.
    """

    history: Sequence[Milestone]
    legal_entity: str | None
    under_way: Sequence[Intervention]
    tries: Sequence[datetime]
    unwritten: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """By which rules it is judged: the state machine of the object's type, where there is one, and the periods."""

    machine: StateMachine | None
    periods: Periods


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, and why."""

    verdict: Verdict
    reason: str


def judge(config: InterventionConfig, situation: Situation, grounds: Grounds, now: datetime) -> Finding:
    """The first of what keeps a call from being made, or that nothing does."""
    expects = config.expects
    history = [m for m in situation.history if m.occurred_at <= now + expects.skew]
    if not history:
        return _conflict("nothing is known of it")
    owed_since = history[0].occurred_at
    if expects.after is not None:
        owing = [m.occurred_at for m in history if m.type == expects.after]
        if not owing:
            return _conflict(f"{expects.after}, after which {expects.milestone} is owed, has not come")
        owed_since = owing[-1]
    met = milestone_since(config, history, owed_since)
    if met is not None:
        return Finding(Verdict.NO_OP, f"{met.type} occurred at {format_instant(met.occurred_at)}")
    for other in situation.under_way:
        return _conflict(f"the same call of run {other.run_id[:16]} is {other.state}: {other.intervention_id[:16]}")
    if config.period == "open":
        period = grounds.periods.period(situation.legal_entity, owed_since)
        if now > period.cutoff_at:
            whom = f" of {situation.legal_entity}" if situation.legal_entity else ""
            return _conflict(f"period {period.name}{whom} was closed at {format_instant(period.cutoff_at)}")
    if grounds.machine is not None:
        state = state_after(grounds.machine, history)
        if grounds.machine.step(state, expects.milestone) is None:
            legal = ", ".join(sorted(grounds.machine.transitions.get(state, {}))) or "nothing"
            return _conflict(f"it is in state {state}, where the contract allows {legal}, not {expects.milestone}")
    if situation.unwritten:
        return _conflict(situation.unwritten)
    if config.rate_limit is not None:
        free_at = free_at_rate(config.rate_limit, situation.tries, now)
        if free_at > now:
            limit = f"{config.rate_limit.calls} in {write_duration(config.rate_limit.per)}"
            return _conflict(f"the rate limit of {limit} is used up until {format_instant(free_at)}")
    return Finding(Verdict.WILL_APPLY, f"{expects.milestone} has not come")


def milestone_since(config: InterventionConfig, history: Sequence[Milestone], since: datetime) -> Milestone | None:
    """The first milestone that the intervention expects, at or after an instant; skew is forgiven."""
    expects = config.expects
    return next((m for m in history if m.type == expects.milestone and m.occurred_at >= since - expects.skew), None)


def free_at_rate(limit: RateLimitConfig, tries: Sequence[datetime], now: datetime) -> datetime:
    """From when on another call is within the rate; `now` where it is already."""
    recent = sorted(at for at in tries if now - limit.per < at)
    # What lies ahead was tried before the clock was set back, and must not hold up longer than the stretch is long.
    recent = [min(at, now) for at in recent]
    return recent[-limit.calls] + limit.per if len(recent) >= limit.calls else now


def state_after(machine: StateMachine, history: Sequence[Milestone]) -> str:
    """The state that an object's events led to; one that was illegal where it came changes nothing.

    Events of one instant are taken in the order that makes the fewest of them illegal.
    """
    state = machine.start
    for _, group in groupby(history, key=lambda milestone: milestone.occurred_at):
        types = [milestone.type for milestone in group]
        orders = permutations(types) if len(types) <= _MOST_IN_EVERY_ORDER else iter((tuple(types),))
        state = min((_walk(machine, state, order) for order in orders), key=lambda walked: walked[0])[1]
    return state


def _walk(machine: StateMachine, state: str, types: Sequence[str]) -> tuple[int, str]:
    illegal = 0
    for type_ in types:
        after = machine.step(state, type_)
        illegal += after is None
        state = after or state
    return illegal, state


def _conflict(reason: str) -> Finding:
    return Finding(Verdict.CONFLICT, reason)


# How long before an instant tries still count against any rate there can be.
LONGEST_STRETCH = timedelta(days=1)
