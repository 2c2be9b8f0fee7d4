"""Finds objects that are the same in truth: the part of a tick, and of an evaluation, that compares objects.

A tick looks only at the objects that were described, taken out or are due since the last one. Each is compared with
those it shares a key with, and what is told of two follows from both their histories, whatever the schedule of ticks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from domain.alert import Alert
from domain.alike_rule import AlikeRule
from domain.business_object import BusinessObject
from domain.instants import EARLIEST, LATEST
from domain.milestone import Milestone
from domain.rule import Rule
from rules.alert_making import Background, make_alert
from rules.kinds.alike import Described, as_it_occurred, pair_standings
from rules.kinds.breach import read_standings, reason, tell
from rules.kinds.knowledge import known_from
from rules.kinds.likeness import keys
from rules.kinds.milestone import OCCURRED_AT
from rules.reconciliation import corrections, withdrawals
from storage.alerts import alerts_of_rule
from storage.alike import (
    Held,
    SharedKeys,
    described_objects,
    open_alike_duties,
    pairs_with,
    write_alike_duties,
    write_keys,
)
from storage.client import Store
from storage.milestones import stated_histories

Histories = Mapping[str, Sequence[Milestone]]
# Bounds what is in memory, and the length of a statement.
_OBJECTS_AT_ONCE = 500
# So many objects are compared with each other under one key: the first, for good. What more share, such as the
# name of test data, tells nothing.
MOST_HOLDERS = 50


class AlikeEngine:
    """Evaluates the rules on objects that are alike over one store; nothing is kept between ticks."""

    def __init__(self, store: Store, rules: Iterable[Rule]) -> None:
        self._store = store
        self._rules = alike_rules(rules)
        self._types = {rule.name: rule.object_type for rule in self._rules}
        self._duties: dict[str, dict[str, datetime | None]] = {}

    def owns(self, alert: Alert) -> bool:
        """Whether the alert is one of these rules'."""
        return self._types.get(alert.name) == alert.business_object.type

    def advance(self, before: datetime | None, through: datetime, *, from_the_beginning: bool) -> list[Alert]:
        """What is told in (before, through]; from the beginning, what makes the stored alerts right."""
        self._duties.clear()
        alerts: list[Alert] = []
        for rule in self._rules:
            told = list(self._told(rule, None if from_the_beginning else before, through))
            alerts += self._corrected(rule, told, before or through, through) if from_the_beginning else told
        return alerts

    def keep(self, recorded_at: datetime) -> None:
        """Writes when time alone next changes something; after the alerts are written."""
        for version, duties in self._duties.items():
            write_alike_duties(self._store, version, duties, recorded_at)
        self._duties.clear()

    def _corrected(self, rule: AlikeRule, told: Sequence[Alert], since: datetime, through: datetime) -> Iterator[Alert]:
        stored = {alert.alert_id: alert for alert in alerts_of_rule(self._store, rule.name, rule.object_type)}
        raised = {alert.alert_id for alert in told}
        yield from corrections(stored, told)
        left = [alert for alert_id, alert in stored.items() if alert_id not in raised]
        yield from withdrawals(left, since, through)

    def _told(self, rule: AlikeRule, after: datetime | None, through: datetime) -> Iterator[Alert]:
        types = sorted(rule.event_types)
        touched = described_objects(self._store, rule.object_type, types, rule.version, after or EARLIEST, through)
        parts = [touched[first : first + _OBJECTS_AT_ONCE] for first in range(0, len(touched), _OBJECTS_AT_ONCE)]
        # All keys come before any pair: one of the later part may share one with the first.
        for part in parts:
            write_keys(self._store, rule.version, _held(rule, self._histories(rule, part, through)))
        duties: dict[str, list[datetime]] = {}
        done: set[tuple[str, str]] = set()
        for part in parts:
            histories = self._histories(rule, part, through)
            for object_id, history in histories.items():
                duties.setdefault(object_id, []).extend(m.occurred_at for m in history if m.occurred_at > through)
            for pair, both in self._pairs(rule, histories, through, done):
                alerts, due_at = told_of_pair(rule, pair, both, after, through)
                yield from alerts
                if due_at is not None:
                    duties[pair.one if pair.one in histories else pair.other].append(due_at)
        self._settle(rule, parts, duties)

    def _pairs(
        self, rule: AlikeRule, histories: Histories, through: datetime, done: set[tuple[str, str]]
    ) -> Iterator[tuple[SharedKeys, Histories]]:
        wanted = {held.key for held in _held(rule, histories)}
        found = pairs_with(self._store, rule.version, wanted, histories, through, MOST_HOLDERS)
        pairs = [pair for pair in found if (pair.one, pair.other) not in done]
        for first in range(0, len(pairs), _OBJECTS_AT_ONCE):
            some = pairs[first : first + _OBJECTS_AT_ONCE]
            done.update((pair.one, pair.other) for pair in some)
            others = sorted({id_ for pair in some for id_ in (pair.one, pair.other)} - histories.keys())
            both = {**histories, **self._histories(rule, others, through)}
            yield from ((pair, both) for pair in some)

    def _histories(self, rule: AlikeRule, object_ids: Iterable[str], through: datetime) -> Histories:
        return stated_histories(self._store, rule.object_type, object_ids, sorted(rule.event_types), through)

    def _settle(self, rule: AlikeRule, parts: Sequence[Sequence[str]], duties: Mapping[str, list[datetime]]) -> None:
        open_ = {id_ for part in parts for id_ in open_alike_duties(self._store, rule.version, part)}
        settled = {id_: min(instants, default=None) for id_, instants in duties.items() if instants or id_ in open_}
        self._duties.setdefault(rule.version, {}).update(settled)


def alike_rules(rules: Iterable[Rule]) -> list[AlikeRule]:
    """The rules on objects that are alike, by name."""
    return sorted((rule for rule in rules if isinstance(rule, AlikeRule)), key=lambda rule: rule.name)


def told_of_pair(
    rule: AlikeRule, pair: SharedKeys, histories: Histories, after: datetime | None, through: datetime
) -> tuple[list[Alert], datetime | None]:
    """What is told of two objects in (after, through], and when time alone next changes that."""
    standings = pair_standings(rule, _described(pair, histories), pair.keys, through)
    alerts: list[Alert] = []
    due: list[datetime] = []
    for object_id, timeline in sorted(standings.items()):
        reading = read_standings([timeline], through)
        if reading.due_at is not None:
            due.append(reading.due_at)
        changes = [change for change in reading.changes if after is None or change[0] > after]
        if changes:
            object_ = BusinessObject(rule.object_type, object_id)
            background = Background(histories[object_id], known_from)
            alerts += [make_alert(told, reason(told), object_, background, at, through) for at, told in changes]
    return alerts, min(due, default=None)


def alike_alerts_at(store: Store, rules: Iterable[Rule], at: datetime, known_at: datetime | None = None) -> list[Alert]:
    """The alerts on objects that are alike as they stood at `at`, by what was received by `known_at` (None: all)."""
    through = known_at or LATEST
    alerts: list[Alert] = []
    for rule in alike_rules(rules):
        alerts += standing_alerts(rule, _all_histories(store, rule, through), at)
    return alerts


def alike_alerts_over(store: Store, rule: AlikeRule, through: datetime, *, by_receipt: bool) -> Iterator[Alert]:
    """Every change of a rule's alerts by an instant, from the beginning; what is kept for ticks stays as it is.

    Unless it is `by_receipt`, every event counts as received when it occurred.
    """
    histories = _all_histories(store, rule, through if by_receipt else LATEST)
    if not by_receipt:
        occurred = {object_id: as_it_occurred(history, through) for object_id, history in histories.items()}
        histories = {object_id: history for object_id, history in occurred.items() if history}
    for pair in shared_keys(rule, histories):
        yield from told_of_pair(rule, pair, histories, None, through)[0]


def _all_histories(store: Store, rule: AlikeRule, known_at: datetime) -> Histories:
    """The histories of all objects that were described by what was received by an instant."""
    types = sorted(rule.event_types)
    ids = described_objects(store, rule.object_type, types, rule.version, EARLIEST, known_at)
    histories: dict[str, Sequence[Milestone]] = {}
    for first in range(0, len(ids), _OBJECTS_AT_ONCE):
        histories.update(
            stated_histories(store, rule.object_type, ids[first : first + _OBJECTS_AT_ONCE], types, known_at)
        )
    return histories


def standing_alerts(rule: AlikeRule, histories: Histories, at: datetime) -> list[Alert]:
    """The alerts as they stood at `at`, by all that the histories of all objects of the type hold."""
    alerts: list[Alert] = []
    for pair in shared_keys(rule, histories):
        occurred = {id_: as_it_occurred(histories[id_], at) for id_ in (pair.one, pair.other)}
        for object_id, timeline in pair_standings(rule, _described(pair, occurred), pair.keys, at).items():
            breach = timeline[-1].breach
            if breach and (told := tell(breach, at)):
                object_ = BusinessObject(rule.object_type, object_id)
                background = Background(occurred[object_id], OCCURRED_AT)
                alerts.append(make_alert(told, reason(told), object_, background, at, at))
    return alerts


def shared_keys(rule: AlikeRule, histories: Histories) -> list[SharedKeys]:
    """The pairs of all objects that share a key, as the store would find them."""
    holders: dict[int, dict[str, datetime]] = {}
    for held in _held(rule, histories):
        since = holders.setdefault(held.key, {})
        since[held.object_id] = min(held.known_at, since.get(held.object_id, held.known_at))
    found: dict[tuple[str, str], set[int]] = {}
    for key, since in holders.items():
        first = sorted(since, key=lambda object_id: (since[object_id], object_id))[:MOST_HOLDERS]
        for pair in combinations(sorted(first), 2):
            found.setdefault(pair, set()).add(key)
    return [SharedKeys(one, other, frozenset(held)) for (one, other), held in sorted(found.items())]


def _held(rule: AlikeRule, histories: Histories) -> Iterator[Held]:
    for object_id, history in histories.items():
        for milestone in history:
            if milestone.type in rule.described_by:
                for key in keys(rule, milestone.facts.attributes):
                    yield Held(key, object_id, known_from(milestone))


def _described(pair: SharedKeys, histories: Histories) -> tuple[Described, Described]:
    return Described(pair.one, histories[pair.one]), Described(pair.other, histories[pair.other])
