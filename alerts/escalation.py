"""When which step of an escalation policy is reached, and whom it tells: decided from what is known, storing nothing.

The clock of a group runs while an alert of it fires that is not muted and that nobody looks after: acknowledged (for no
longer than the policy's timeout) or snoozed. It begins when the group is first told, and stands still as soon as no
alert waits; when one waits again it begins anew, with the first step.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.config import RoutingConfig
from alerts.escalation_config import PolicyConfig, StepConfig
from alerts.rotations import Rotation
from domain.instants import to_micros
from storage.escalations import Escalation


@dataclass(frozen=True, slots=True)
class Policy:
    """Steps with what they mean: receivers by name, and rotations with the receivers of each member."""

    config: PolicyConfig
    rotations: Mapping[str, Rotation]
    members: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """What routes call it."""
        return self.config.name

    @property
    def last(self) -> int:
        """How many steps there are, over all rounds."""
        return len(self.config.steps) * (1 + self.config.repeat)

    def place(self, number: int) -> tuple[int, int]:
        """The round and the step in it, from 1, of the `number`-th step that is reached."""
        rounds, step = divmod(number - 1, len(self.config.steps))
        return rounds + 1, step + 1

    def step(self, number: int) -> StepConfig:
        """The `number`-th step that is reached, from 1."""
        return self.config.steps[(number - 1) % len(self.config.steps)]

    def wait(self, number: int) -> timedelta:
        """How long after the step before, or the start, the `number`-th one is reached."""
        is_repeated = number > 1 and (number - 1) % len(self.config.steps) == 0
        if is_repeated and self.config.repeat_after is not None:
            return self.config.repeat_after
        return self.step(number).after

    def receivers(self, number: int, at: datetime) -> tuple[str, ...]:
        """Whom the `number`-th step tells at an instant, each once; nobody where nobody is on call."""
        step = self.step(number)
        named = list(step.receivers)
        for name in step.rotations:
            member = self.rotations[name].on_call(at)
            if member is not None:
                named += self.members[member]
        return tuple(dict.fromkeys(named))


def build_policies(config: RoutingConfig) -> dict[str, Policy]:
    """The file's policies by name."""
    intervals = {interval.name: interval for interval in config.time_intervals}
    parts = config.escalation
    rotations = {one.name: Rotation(one, intervals) for one in parts.rotations}
    members = {one.name: one.receivers for one in parts.members}
    return {policy.name: Policy(policy, rotations, members) for policy in parts.policies}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a group looks like at an instant.

    `is_waiting` says that an alert of it waits for somebody; `is_told` that the group has been told at least once;
    `wishes` are the ids of people's wishes to escalate that stand.
    """

    is_waiting: bool
    is_told: bool
    wishes: frozenset[str] = frozenset()


def advance(
    before: Escalation | None, policy: Policy, receiver: str, group_key: str, situation: Situation, now: datetime
) -> Escalation | None:
    """What is to be stored of a group now, `before` itself where nothing changes; None where nothing has begun.

    One step at a time is reached, however late it is: the next one is counted from then, so that those who are told
    have their time. A step for which nobody is on call gives way to the next one at once.
    """
    known = before or Escalation(receiver, group_key, policy.name, None, 0, now, {})
    if known.policy != policy.name:
        known = replace(known, policy=policy.name, started_at=None, steps=0)
    wished = situation.wishes - set(known.by_hand)
    if wished:
        begun = known if known.started_at is not None else replace(known, started_at=now)
        moved = _reach(begun, policy, now, wraps=True)
        by_hand = tuple(sorted(situation.wishes))
        return replace(moved, by_hand=by_hand, started_at=moved.started_at if situation.is_waiting else None)
    if not situation.is_waiting:
        return replace(known, started_at=None) if before else None
    if known.started_at is None:
        if not situation.is_told:
            return before
        known = replace(known, started_at=now, steps=0, step_at=now)
    due = due_at(known, policy)
    return _reach(known, policy, now) if due is not None and due <= now else known


def due_at(escalation: Escalation, policy: Policy) -> datetime | None:
    """When the next step is reached if nobody acknowledges; None while the clock stands still or no step is left."""
    if escalation.started_at is None or escalation.steps >= policy.last:
        return None
    return escalation.step_at + policy.wait(escalation.steps + 1)


def upcoming(escalation: Escalation, policy: Policy) -> Iterator[tuple[int, datetime]]:
    """The steps that are still to come, each with its instant if nobody acknowledges."""
    if escalation.started_at is None:
        return
    at = escalation.step_at
    for number in range(escalation.steps + 1, policy.last + 1):
        at += policy.wait(number)
        yield number, at


def _reach(escalation: Escalation, policy: Policy, now: datetime, *, wraps: bool = False) -> Escalation:
    """With the next step reached that has somebody to tell; by hand the first one comes after the last."""
    number = escalation.steps
    receivers: Collection[str] = ()
    for _ in policy.config.steps:
        if number >= policy.last:
            if not wraps:
                break
            number = 0
        number += 1
        receivers = policy.receivers(number, now)
        if receivers:
            break
    # Two steps of a group never share an instant, though the clock be set back.
    reached = max(to_micros(now), *(told + 1 for told in escalation.told.values()), 0)
    told = {**escalation.told, **dict.fromkeys(receivers, reached)}
    return replace(escalation, steps=number, step_at=now, told=told)
