"""What has to be read of the stored histories for a set of rules, by object type."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from domain.milestone import Milestone
from domain.rule import MilestoneRule, ObjectRule, Pairing, Rule
from rules.compiler import compile_condition
from rules.kinds.milestone import share_of
from storage.milestones import Duty, Watch

_MICROSECOND = timedelta(microseconds=1)
_NEVER_QUIET = -_MICROSECOND


@dataclass(frozen=True, slots=True)
class WatchedRule:
    """A rule with the event types without one of which it has nothing to say of an object."""

    rule: ObjectRule
    opening_types: frozenset[str]

    def concerns(self, history: Iterable[Milestone]) -> bool:
        """Whether the rule may have something to say of an object with this history."""
        where = self.rule.where
        return any(m.type in self.opening_types and (where is None or where in m.holds) for m in history)


@dataclass(frozen=True, slots=True)
class ObjectRules:
    """The rules on one object type, and what they need read."""

    rules: tuple[WatchedRule, ...]
    watch: Watch


def by_object_type(rules: Iterable[Rule]) -> dict[str, ObjectRules]:
    """The rules on each object type."""
    in_order = sorted((rule for rule in rules if isinstance(rule, ObjectRule)), key=attrgetter("object_type", "name"))
    return {
        object_type: _object_rules(object_type, tuple(group))
        for object_type, group in groupby(in_order, key=attrgetter("object_type"))
    }


def never_quiet(rule: MilestoneRule) -> ObjectRules:
    """One rule, and what it needs read so that objects whose duty was met at once are read as well."""
    on_object = _object_rules(rule.object_type, (rule,))
    duties = [replace(duty, quiet_for=_NEVER_QUIET) for duty in on_object.watch.duties]
    return replace(on_object, watch=replace(on_object.watch, duties=duties))


def _object_rules(object_type: str, rules: tuple[ObjectRule, ...]) -> ObjectRules:
    quiet_for: dict[tuple[str, str], timedelta] = {}
    for rule in rules:
        for pair, quiet in _duties(rule):
            quiet_for[pair] = min(quiet_for.get(pair, timedelta.max), quiet)
    texts = dict.fromkeys(text for rule in rules for text in rule.conditions)
    watch = Watch(
        object_type=object_type,
        event_types=sorted(frozenset().union(*(rule.event_types for rule in rules))),
        duties=[Duty(*pair, time) for pair, time in quiet_for.items()],
        conditions={text: compile_condition(text).sql for text in texts},
    )
    return ObjectRules(tuple(WatchedRule(rule, rule.opening_types) for rule in rules), watch)


def _duties(rule: ObjectRule) -> list[tuple[tuple[str, str], timedelta]]:
    """For each pair of event types how long, on the wall clock, one may follow the other with nothing to say."""
    if isinstance(rule, MilestoneRule):
        return [((rule.from_type, rule.to_type), _quiet_for(rule))]
    # Nothing that follows proves that there is nothing to say.
    return [((opening_type, ""), _NEVER_QUIET) for opening_type in sorted(rule.opening_types)]


def _quiet_for(rule: MilestoneRule) -> timedelta:
    """How long after any `from`, on the wall clock, the rule surely has nothing to say.

    Calendars and pauses only make a clock slower. Where a `to` serves one `from` alone, one that follows in
    time may belong to another, so it proves nothing, and a period may close at any instant; no time at all is less
    than zero.
    """
    if rule.pairing is Pairing.ONE_TO_ONE or rule.close:
        return _NEVER_QUIET
    shortest = min([rule.within, *(override.within for override in rule.overrides)])
    if rule.at_risk is not None:
        shortest = min(shortest, share_of(shortest, rule.at_risk))
    return shortest - _MICROSECOND
