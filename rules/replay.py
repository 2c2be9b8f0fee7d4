"""Replays stored history under rules: every change of every alert, by the code of the live tick, object by object."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.alert import Alert
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.instants import EARLIEST, EPOCH
from domain.rule import ObjectRule, Rule
from domain.source_silence import BACKLOG_GRACE, Silences
from rules.alert_state import changes_of, in_full
from rules.engine import NO_CONTRACTS
from rules.reach import known_since
from rules.told import Change
from rules.versions import unknown_of
from rules.watching import ObjectRules, by_object_type
from storage.client import Store
from storage.milestones import (
    NO_MILESTONES,
    History,
    Recent,
    coarse_stretches,
    count_milestones,
    histories_known,
)
from storage.source_silences import read_silences

_MICROSECOND = timedelta(microseconds=1)
# Most objects are quiet and never leave the store, so a stretch may hold more than where all are read.
_MILESTONES_AT_ONCE = 500_000


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


class Replayed(NamedTuple):
    """All that a rule told of one object by the end of a span, in the order in which it became known."""

    rule: ObjectRule
    business_object: BusinessObject
    history: History
    changes: list[Change]

    def in_full(self, recorded_at: datetime) -> list[Alert]:
        """The alerts as the live tick would have written them."""
        return in_full(self.business_object, self.history, self.changes, recorded_at)


def replay(
    store: Store,
    rules: Iterable[Rule],
    span: Span,
    by: By,
    progress: Progress,
    contracts: Contracts = NO_CONTRACTS,
) -> Iterator[Replayed]:
    """Every change by the end of the span, from the beginning, of each alert that may have changed in it.

    By rule and object, in the order in which they became known. What the contracts call a silence suspends as it did
    then; by occurrence there is none, as silences are of receipt.
    """
    silences = Silences(contracts)
    if by is By.RECEIPT:
        silences = read_silences(store, contracts, EPOCH, span.through)
    # A source that speaks again changes alerts of objects that nothing else was heard of for long.
    reaches_all = silences.is_told_after(span.since - BACKLOG_GRACE)
    watched = by_object_type(rules)
    counts = count_milestones(store, span.since)
    total, done = sum(counts[object_type].all for object_type in watched if object_type in counts), 0
    progress(done, total)
    for object_type, on_object in watched.items():
        count = counts.get(object_type, NO_MILESTONES)
        behind = done + count.all
        unknown = {id(one): unknown_of(silences, one.rule) for one in on_object.rules}
        since = EARLIEST if reaches_all else _known_since(on_object, span.since)
        recent = Recent(since, span.through, by_receipt=by is By.RECEIPT, narrows=count.is_mostly_old)
        for stretch in coarse_stretches(store, object_type, _MILESTONES_AT_ONCE):
            for object_id, history in histories_known(store, on_object.watch, stretch, recent):
                object_ = BusinessObject(object_type, object_id)
                for watched_rule in on_object.rules:
                    if watched_rule.may_tell(history, span.through):
                        rule = watched_rule.rule
                        if changes := changes_of(rule, history, span.through, unknown[id(watched_rule)]):
                            yield Replayed(rule, object_, history, changes)
            progress(min(done := done + _MILESTONES_AT_ONCE, behind), total)
        done = behind


def _known_since(on_object: ObjectRules, instant: datetime) -> datetime:
    return max(EARLIEST, min(known_since(watched.rule, instant) for watched in on_object.rules))
