"""Which alerts a rule raises for one object: as things stood at an instant, and every change as it became known.

`transitions` reads only the history with its instants of receipt, so that evaluating often, seldom or after
an outage gives the same changes with the same instants.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

from domain.alert import Alert, AlertState
from domain.authority_rule import AuthorityRule
from domain.business_object import BusinessObject
from domain.forecast_rule import ForecastRule
from domain.milestone import Milestone
from domain.reconcile_rule import ReconcileRule
from domain.repeat_rule import RepeatRule
from domain.rule import MilestoneRule, ObjectRule, SequenceRule
from domain.sequence_rule import LegalRule, NotBeforeRule, NotWhileRule
from domain.source_silence import UnknownTimes
from rules.alert_making import Background, make_alert
from rules.kinds import (
    authority,
    breach,
    forecast,
    forecast_text,
    legal,
    milestone_changes,
    milestone_text,
    not_while,
    reconcile,
    repeat,
    sequence,
)
from rules.kinds.breach import StandingReader
from rules.kinds.knowledge import known_from
from rules.kinds.milestone import OCCURRED_AT
from rules.suspension import suspended, suspended_now, suspended_reason
from rules.told import Change, Reading, Told
from rules.versions import UnknownOf, VersionedRule, merged, standing, unknown_at

_ALWAYS_KNOWN = UnknownTimes()


@dataclass(frozen=True, slots=True)
class _Kind:
    """How rules of one kind are read: (rule, history, instant)."""

    read: Callable[[Any, Iterable[Milestone], datetime], Reading]
    stand: Callable[[Any, Iterable[Milestone], datetime], list[Told[Any]]]
    reason: Callable[[Told[Any]], str]


def _breaches(reader: StandingReader) -> _Kind:
    read = functools.partial(breach.read_breaches, reader)
    stand = functools.partial(breach.standing_breaches, reader)
    return _Kind(read, stand, breach.reason)


_KINDS: dict[type[ObjectRule], _Kind] = {
    MilestoneRule: _Kind(milestone_changes.read, milestone_changes.stand, milestone_text.reason),
    ForecastRule: _Kind(forecast.read, forecast.stand, forecast_text.reason),
    SequenceRule: _breaches(sequence.without_required),
    NotBeforeRule: _breaches(sequence.before_another),
    NotWhileRule: _breaches(not_while.inside),
    LegalRule: _breaches(legal.illegal_events),
    RepeatRule: _breaches(repeat.repeated),
    ReconcileRule: _breaches(reconcile.disagreements),
    AuthorityRule: _breaches(authority.unowned_statements),
}


def alerts_at(
    rule: ObjectRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    at: datetime,
    unknown: UnknownOf = _ALWAYS_KNOWN,
    known_at: datetime | None = None,
) -> list[Alert]:
    """The alerts of one object as they stood at `at`, by all that the history holds.

    `unknown` says when the rule's verdict was unknown; what still is at `known_at` (None: at `at`) is suspended.
    """
    history = [milestone for milestone in history if milestone.occurred_at <= at]
    found = _stand(rule, history, at, unknown, known_at or at)
    if not found:
        return []
    background = Background(history, OCCURRED_AT)
    return [make_alert(told, _reason(told), business_object, background, at, at) for told in found]


def transitions(
    rule: ObjectRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
    unknown: UnknownOf = _ALWAYS_KNOWN,
) -> list[Alert]:
    """Every change of the object's alerts that became known after `after` and by `through`, in that order.

    `after` None is from the beginning. What the history holds beyond `through` is not looked at, and `unknown` says
    when the rule's verdict was unknown, as far as that is known at `through`. An alert's `version` grows with the
    instant at which its change became known.
    """
    return advance(rule, business_object, history, after, through, unknown)[0]


def next_due(
    rule: ObjectRule, history: Sequence[Milestone], through: datetime, unknown: UnknownOf = _ALWAYS_KNOWN
) -> datetime | None:
    """The next instant after `through` at which time alone may change an alert of the object; None if never."""
    return _read(rule, history, through, unknown).due_at


def advance(
    rule: ObjectRule,
    business_object: BusinessObject,
    history: Iterable[Milestone],
    after: datetime | None,
    through: datetime,
    unknown: UnknownOf = _ALWAYS_KNOWN,
) -> tuple[list[Alert], datetime | None]:
    """`transitions` and `next_due` at once, for about the price of one."""
    history = list(history)
    reading = _read(rule, history, through, unknown)
    changes = _sorted(change for change in reading.changes if after is None or change[0] > after)
    return in_full(business_object, history, changes, through), reading.due_at


def changes_of(
    rule: ObjectRule, history: Sequence[Milestone], through: datetime, unknown: UnknownOf = _ALWAYS_KNOWN
) -> list[Change]:
    """The changes behind `transitions` from the beginning, without what only people read of them."""
    return _sorted(_read(rule, history, through, unknown).changes)


def in_full(
    business_object: BusinessObject, history: Sequence[Milestone], changes: Sequence[Change], recorded_at: datetime
) -> list[Alert]:
    """The alerts that changes make, with their words and what else was known of the object."""
    if not changes:
        return []
    background = Background(history, known_from)
    return [make_alert(told, _reason(told), business_object, background, at, recorded_at) for at, told in changes]


def _sorted(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=itemgetter(0))


def _read(rule: ObjectRule, history: Sequence[Milestone], through: datetime, unknown: UnknownOf) -> Reading:
    if isinstance(rule, VersionedRule):
        judging = rule.judging(history)
        readings = [_read(rule.versions[place], history, through, unknown_at(unknown, place)) for place in judging]
        return merged(readings)
    return suspended(_KINDS[type(rule)].read(rule, history, through), unknown_at(unknown, 0), through)


def _stand(
    rule: ObjectRule, history: Sequence[Milestone], at: datetime, unknown: UnknownOf, known_at: datetime
) -> list[Told[Any]]:
    if isinstance(rule, VersionedRule):
        judging = rule.judging(history)
        return standing(
            _stand(rule.versions[place], history, at, unknown_at(unknown, place), known_at) for place in judging
        )
    found = [told for told in _KINDS[type(rule)].stand(rule, history, at) if rule.tenure.takes(told.case.started_at)]
    if unknown:
        found = [suspended_now(told, unknown_at(unknown, 0), known_at) for told in found]
    return found


def _reason(told: Told[Any]) -> str:
    reason = _KINDS[type(told.case.rule)].reason
    if told.state is AlertState.SUSPENDED:
        return suspended_reason(told, reason(replace(told, state=AlertState.FIRING)))
    return reason(told)
