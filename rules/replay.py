"""Replays stored history under rules: every change of every alert, by the code of the live tick, object by object."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.calendar import earliest_start
from domain.contract import Contracts
from domain.forecast_rule import ForecastRule
from domain.instants import EARLIEST, EPOCH
from domain.rule import MilestoneRule, ObjectRule, Rule, SequenceRule
from domain.source_silence import BACKLOG_GRACE, Silences
from rules.alert_state import transitions
from rules.engine import NO_CONTRACTS
from rules.kinds.milestone import share_of
from rules.told import LATE_GRACE
from rules.versions import VersionedRule, unknown_of
from rules.watching import ObjectRules, by_object_type
from storage.client import Store
from storage.milestones import (
    History,
    Recent,
    Stretch,
    Watch,
    count_milestones,
    histories_as_received,
    histories_at,
    stretches,
)
from storage.source_silences import read_silences

_MICROSECOND = timedelta(microseconds=1)
# Most objects are quiet and never leave the store, so a stretch may hold more than where all are read.
_MILESTONES_AT_ONCE = 500_000
# Longer than any period and the business days after it until it closes; see domain/period.py.
_LONGEST_PERIOD = timedelta(days=450)


class By(StrEnum):
    """When an event counts as known: when it was received, or, for history that was imported, when it occurred."""

    RECEIPT = "receipt"
    OCCURRENCE = "occurrence"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time from `since` up to, not including, `until`."""

    since: datetime
    until: datetime

    @property
    def through(self) -> datetime:
        """Its last microsecond."""
        return self.until - _MICROSECOND


# Told how many of how many milestones are behind.
Progress = Callable[[int, int], None]
Changes = tuple[ObjectRule, BusinessObject, list[Alert]]


def replay(
    store: Store,
    rules: Iterable[Rule],
    span: Span,
    by: By,
    progress: Progress,
    contracts: Contracts = NO_CONTRACTS,
) -> Iterator[Changes]:
    """Every change by the end of the span, from the beginning, of each alert that may have changed in it.

    By rule and object, in the order in which they became known. Rules that judge no single object are left out. What
    the contracts call a silence suspends as it did then; by occurrence there is none, as silences are of receipt.
    """
    silences = Silences(contracts)
    if by is By.RECEIPT:
        silences = read_silences(store, contracts, EPOCH, span.through)
    # A source that speaks again changes alerts of objects that nothing else was heard of for long.
    reaches_all = silences.is_told_after(span.since - BACKLOG_GRACE)
    watched = by_object_type(rules)
    counts = count_milestones(store)
    total, done = sum(counts.get(object_type, 0) for object_type in watched), 0
    progress(done, total)
    for object_type, on_object in watched.items():
        behind = done + counts.get(object_type, 0)
        unknown = {id(one): unknown_of(silences, one.rule) for one in on_object.rules}
        since = EARLIEST if reaches_all else _known_since(on_object, span.since)
        for stretch in stretches(store, object_type, _MILESTONES_AT_ONCE):
            for object_id, history in _histories(store, on_object.watch, stretch, since, span, by):
                object_ = BusinessObject(object_type, object_id)
                for watched_rule in on_object.rules:
                    if watched_rule.may_tell(history, span.through):
                        rule = watched_rule.rule
                        changes = transitions(rule, object_, history, None, span.through, unknown[id(watched_rule)])
                        yield rule, object_, changes
            progress(min(done := done + _MILESTONES_AT_ONCE, behind), total)
        done = behind


def known_since(rule: ObjectRule, instant: datetime) -> datetime:
    """No alert of an object changes at `instant` or later if all that concerns the rule was known before this."""
    if isinstance(rule, VersionedRule):
        return min(known_since(version, instant) for version in rule.versions)
    if isinstance(rule, SequenceRule):
        return instant - LATE_GRACE
    if isinstance(rule, ForecastRule) and not rule.target.pause:
        # While a clock is paused, what is learnt may still change what is told.
        return known_since(rule.target, instant)
    if not isinstance(rule, MilestoneRule):
        return EARLIEST
    # After the last thing that was known, even the end of a pause, no more than the longest step's time is left.
    longest = max([rule.within, *(override.within for override in rule.overrides)])
    longest = max(longest, share_of(longest, rule.severity[-1].share))
    last = instant - LATE_GRACE
    # A period closes while a clock is paused, too.
    return min(last - _LONGEST_PERIOD if rule.close else last, earliest_start(rule.calendar, longest, last))


def _known_since(on_object: ObjectRules, instant: datetime) -> datetime:
    return max(EARLIEST, min(known_since(watched.rule, instant) for watched in on_object.rules))


def _histories(
    store: Store, watch: Watch, stretch: Stretch, since: datetime, span: Span, by: By
) -> Iterator[tuple[str, History]]:
    recent = Recent(since, span.through, by_receipt=by is By.RECEIPT)
    if by is By.RECEIPT:
        yield from histories_as_received(store, watch, stretch, span.through, recent)
        return
    for object_id, history in histories_at(store, watch, stretch, None, recent):
        yield object_id, [replace(milestone, received_at=milestone.occurred_at) for milestone in history]
