"""What has to be read of the stored histories for a set of rules, by object type."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from domain.forecast_rule import ForecastRule
from domain.milestone import Milestone
from domain.rule import MilestoneRule, ObjectRule, Pairing, Rule
from rules.compiler import compile_condition
from rules.kinds.milestone import share_of, window
from rules.versions import VersionedRule
from storage.milestones import Duty, Watch

_MICROSECOND = timedelta(microseconds=1)
_NEVER_QUIET = -_MICROSECOND
# With more milestones than this, comparing each with each costs more than it saves.
_FEW = 50
# A `from` and its `to`, and the conditions that hold for the `from`.
_Case = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class WatchedRule:
    """A rule with the event types without one of which it has nothing to say of an object.

    Of a milestone rule, `quiet_for` says for each of its windows how long it surely has nothing to say.
    """

    rule: ObjectRule
    opening_types: frozenset[str]
    quiet_for: Mapping[timedelta, timedelta] = field(default_factory=dict)

    def concerns(self, history: Iterable[Milestone]) -> bool:
        """Whether the rule may have something to say of an object with this history."""
        return any(self._opens(milestone) for milestone in history)

    def may_tell(self, history: Sequence[Milestone], through: datetime) -> bool:
        """Whether the rule may have told anything of an object by then; cheap, and yes where in doubt.

        A clock is quiet while the shortest time to an alert has not passed, or when it was stopped before that.
        """
        rule = self.rule
        if not isinstance(rule, MilestoneRule) or len(history) > _FEW:
            return self.concerns(history)
        stops = [m for m in history if m.type == rule.to_type and rule.pairing is not Pairing.ONE_TO_ONE]
        for start in history:
            if self._opens(start):
                alerts_at = start.occurred_at + self.quiet_for[window(rule, start)] + _MICROSECOND
                known_by = max(alerts_at, start.received_at)
                stopped = any(
                    start.occurred_at <= m.occurred_at < alerts_at and m.received_at < known_by for m in stops
                )
                if alerts_at <= through and not stopped:
                    return True
        return False

    def _opens(self, milestone: Milestone) -> bool:
        where = self.rule.where
        return milestone.type in self.opening_types and (where is None or where in milestone.holds)


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
    quiet_for: dict[_Case, timedelta] = {}
    for rule in rules:
        for case, quiet in _duties(rule):
            quiet_for[case] = min(quiet_for.get(case, timedelta.max), quiet)
    texts = dict.fromkeys(text for rule in rules for text in rule.conditions)
    watch = Watch(
        object_type=object_type,
        event_types=sorted(frozenset().union(*(rule.event_types for rule in rules))),
        duties=[Duty(*case[:2], time, case[2]) for case, time in quiet_for.items() if not _is_implied(case, quiet_for)],
        conditions={text: compile_condition(text).sql for text in texts},
    )
    return ObjectRules(tuple(_watched(rule) for rule in rules), watch)


def _watched(rule: ObjectRule) -> WatchedRule:
    if not isinstance(rule, MilestoneRule):
        return WatchedRule(rule, rule.opening_types)
    windows = {rule.within, *(override.within for override in rule.overrides)}
    return WatchedRule(rule, rule.opening_types, {window: _quiet_for(rule, window) for window in windows})


def _is_implied(case: _Case, quiet_for: Mapping[_Case, timedelta]) -> bool:
    """Whether another case of the same types, which needs less, finds all that this one would."""
    return any(
        other[:2] == case[:2] and set(other[2]) < set(case[2]) and time <= quiet_for[case]
        for other, time in quiet_for.items()
    )


def _duties(rule: ObjectRule) -> list[tuple[_Case, timedelta]]:
    """For each case how long, on the wall clock, the second type may follow the first with nothing to say."""
    needs = (rule.where,) if rule.where else ()
    if isinstance(rule, VersionedRule):
        return [duty for version in rule.versions for duty in _duties(version)]
    if isinstance(rule, ForecastRule):
        return [((rule.target.from_type, rule.target.to_type, needs), _unforecast_for(rule))]
    if not isinstance(rule, MilestoneRule):
        # Nothing that follows proves that there is nothing to say.
        return [((opening_type, "", needs), _NEVER_QUIET) for opening_type in sorted(rule.opening_types)]
    windows = [(needs, rule.within), *(((*needs, override.where), override.within) for override in rule.overrides)]
    return [((rule.from_type, rule.to_type, held), _quiet_for(rule, within)) for held, within in windows]


def _unforecast_for(rule: ForecastRule) -> timedelta:
    """How long after a `from`, on the wall clock, what the rule learnt surely makes nothing at risk."""
    if rule.target.close:
        return _NEVER_QUIET
    shortest = min(rule.windows)
    earliest = rule.forecasts.earliest
    return (shortest if earliest is None else min(shortest, earliest)) - _MICROSECOND


def _quiet_for(rule: MilestoneRule, within: timedelta) -> timedelta:
    """How long after a `from` that has this window, on the wall clock, the rule surely has nothing to say.

    Calendars and pauses only make a clock slower. Where a `to` serves one `from` alone, one that follows in
    time may belong to another, so it proves nothing, and a period may close at any instant; no time at all is less
    than zero.
    """
    if rule.pairing is Pairing.ONE_TO_ONE or rule.close:
        return _NEVER_QUIET
    return (share_of(within, rule.at_risk) if rule.at_risk else within) - _MICROSECOND
