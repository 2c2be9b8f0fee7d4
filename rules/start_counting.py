"""How many clocks rules started in a stretch of time, and how many of them had each override's window."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.forecast_rule import ForecastRule
from domain.instants import LATEST
from domain.rule import MilestoneRule, ObjectRule, Override, Pairing, Tenure
from rules.replay import By, Span
from rules.versions import VersionedRule
from rules.watching import by_object_type
from storage.client import Store
from storage.milestones import NO_MILESTONES, Recent, coarse_stretches, count_milestones
from storage.starts import StartCase, count_starts

_MICROSECOND = timedelta(microseconds=1)
# One statement counts the starts of so many milestones' objects.
_MILESTONES_AT_ONCE = 1_000_000
# Of a rule, by its place among those given: all its starts (None), and those of each override.
Started = dict[tuple[int, Override | None], int]


def starts_of(store: Store, rules: Sequence[ObjectRule], span: Span, by: By) -> Started:
    """How many starts of each rule became known in the span; for a rule without clocks what it looked at."""
    counts = count_milestones(store, span.since)
    places = {id(rule): place for place, rule in enumerate(rules)}
    started: Started = Counter()
    for object_type, on_object in by_object_type(rules).items():
        counted = [(places[id(one.rule)], *case) for one in on_object.rules for case in _cases(one.rule)]
        cases = [case for _, _, case in counted]
        narrows = counts.get(object_type, NO_MILESTONES).is_mostly_old
        recent = Recent(span.since, span.through, by_receipt=by is By.RECEIPT, narrows=narrows)
        for stretch in coarse_stretches(store, object_type, _MILESTONES_AT_ONCE):
            found = count_starts(store, on_object.watch.conditions, stretch, recent, cases)
            for (place, override, _), count in zip(counted, found, strict=True):
                started[place, override] += count
    return started


def _cases(rule: ObjectRule) -> list[tuple[Override | None, StartCase]]:
    """All starts of a rule, and those of each of its overrides: the first that holds is the one that applies."""
    if isinstance(rule, VersionedRule):
        return [
            (override, replace(case, since=version.tenure.since, until=_last_instant(version.tenure)))
            for version in rule.versions
            for override, case in _cases(version)
        ]
    needs = (rule.where,) if rule.where else ()
    counted = rule.target if isinstance(rule, ForecastRule) else rule
    is_clock = isinstance(counted, MilestoneRule)
    only_first = isinstance(counted, MilestoneRule) and counted.pairing is Pairing.FIRST
    cases: list[tuple[Override | None, StartCase]] = [
        (None, StartCase(opening_type, needs, only_first or not is_clock))
        for opening_type in sorted(rule.opening_types)
    ]
    if isinstance(rule, MilestoneRule):
        passed_over: tuple[str, ...] = ()
        for override in rule.overrides:
            cases.append((override, StartCase(rule.from_type, needs, only_first, (override.where,), passed_over)))
            passed_over = (*passed_over, override.where)
    return cases


def _last_instant(tenure: Tenure) -> datetime:
    return tenure.until - _MICROSECOND if tenure.until else LATEST
