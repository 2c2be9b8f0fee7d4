"""The tick: brings the stored alerts up to an instant, looking only at what is new and what is due.

What a tick writes, it writes in this order: new versions of rules, the traffic of sources and their silences, what
forecasts learn, counts of clocks, keys of objects that may be alike, changes of alerts, their states, open duties, what
is kept of rules on traffic, the alerts on silent sources, the watermark.
A tick that was cut off anywhere is repeated from the old watermark and writes the same rows again.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.alert import Alert, AlertState
from domain.audit import PROGRAM, Act, ActKind
from domain.business_object import BusinessObject
from domain.close import CLOSE_REOPENED
from domain.contract import Contracts
from domain.instants import EARLIEST, EPOCH, LATEST, format_instant
from domain.rule import NO_CASES, ObjectRule, Rule
from domain.series_rule import BurnRateRule
from domain.source_silence import SOURCE_SILENT, Silences
from rules.alert_state import advance
from rules.alike import AlikeEngine
from rules.forecast_learning import ForecastEngine
from rules.reconciliation import corrections, withdrawals
from rules.series import SeriesEngine
from rules.source_alerts import source_alerts
from rules.versions import UnknownOf, VersionedRule, adopt, in_force, unknown_of, versions_of
from rules.watching import ObjectRules, WatchedRule, by_object_type
from storage.alerts import alerts_in_stretch, write_transitions
from storage.audit import write_audit
from storage.client import Store
from storage.engine_state import (
    RULES_ENGINE,
    Watermark,
    open_duties,
    read_watermark,
    stored_object_types,
    write_duties,
    write_watermark,
)
from storage.milestones import (
    History,
    Stretch,
    Touched,
    histories_as_received,
    objects_dated_ahead,
    stretches,
    touched_stretches,
)
from storage.rule_versions import StoredVersion, read_rule_versions, write_rule_versions
from storage.source_silences import note_sources, read_silences

ENGINE = RULES_ENGINE
NO_CONTRACTS = Contracts()
# When the verdict of each rule, by its place in what is watched, is unknown.
UnknownByRule = Mapping[int, UnknownOf]
_MICROSECOND = timedelta(microseconds=1)
# Bounds what is in memory at once; one statement more for so many costs nothing beside them.
_OBJECTS_AT_ONCE = 20_000
_MILESTONES_AT_ONCE = 100_000
_CHANGES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class TickResult:
    """What a tick did: evaluated through when, how many objects were touched, what alerts became."""

    through: datetime
    objects: int = 0
    transitions: Counter[AlertState] = field(default_factory=Counter)


class Engine:
    """Evaluates rules over one store; one tick at a time, nothing kept between them."""

    def __init__(self, store: Store, rules: Iterable[Rule], contracts: Contracts = NO_CONTRACTS) -> None:
        """`contracts` say whose word counts, and after how long a source is silent."""
        self._store = store
        self._contracts = contracts
        self.change_rules(rules)

    def change_rules(self, rules: Iterable[Rule]) -> None:
        """Takes other rules from the next tick on."""
        self._rules = list(rules)
        self._alike = AlikeEngine(self._store, self._rules)
        self._series = SeriesEngine(self._store, self._rules)
        self._forecasts = ForecastEngine(self._store, self._rules)
        self._versions: list[StoredVersion] | None = None

    def tick(self, through: datetime) -> TickResult:
        """Evaluates all that is known at `through`: no event received by then may still be on its way.

        A rule that was changed since the last tick judges the cases that start from `through` on. Every object is
        looked at only without a watermark, and where what is said of past cases may change: a rule came, went or took
        cases of its former versions.
        """
        before = read_watermark(self._store, ENGINE)
        self._take_versions(before, through)
        # What an edit adds begins after all that is evaluated.
        is_current = before is not None and before.rules_version == self._version(before.evaluated_through)
        if before is not None and through <= before.evaluated_through:
            if is_current:
                return TickResult(before.evaluated_through)
            through = before.evaluated_through
        after = before.evaluated_through if before else EPOCH
        note_sources(self._store, self._contracts, after, through)
        silences = read_silences(self._store, self._contracts, after if is_current else EPOCH, through)
        if self._forecasts.learn(through):
            self._by_object_type = by_object_type(self._forecasts.informed(self._watched))
        self._series.count(silences, through)
        changes = _Changes(self._store, through)
        if is_current:
            touched = Touched(after, through, suspended=silences.is_told_after(after))
            objects = self._look_at_touched(touched, silences, changes)
        else:
            objects = self._look_at_all(before.evaluated_through if before else through, silences, changes)
        evaluated_through = before.evaluated_through if before else None
        changes.add(self._alike.advance(evaluated_through, through, from_the_beginning=not is_current))
        series = self._series.tick(through)
        changes.add(series.alerts)
        changes.write()
        self._alike.keep(through)
        series.keep()
        if not is_current or changes.transitions[AlertState.SUSPENDED] or silences.is_news_after(after):
            changes.add(source_alerts(self._store, self._contracts, silences, after, through))
            changes.write()
        write_watermark(self._store, ENGINE, Watermark(through, self._version(through)), through)
        return TickResult(through, objects, changes.transitions)

    def _take_versions(self, before: Watermark | None, through: datetime) -> None:
        """Brings the versions that judge in line with what is stored, after storing those that are new."""
        stored = read_rule_versions(self._store)
        is_later = before is None or through > before.evaluated_through
        from_at = through if before is None or is_later else before.evaluated_through + _MICROSECOND
        news = adopt(stored, self._rules, from_at, now=max(through, from_at))
        edited = {version.alert for version in news if version.from_at != EARLIEST}
        if edited and before is not None:
            # Its cases may have begun in the future: the version before did not have to wait for them.
            self._wake([rule for rule in self._rules if rule.name in edited], from_at, before, through)
        if news:
            write_audit(self._store, _adopting(news), max(through, from_at))
        write_rule_versions(self._store, news)
        stored += news
        if stored != self._versions:
            self._in_force = in_force(self._rules, stored)
            self._watched = [*self._in_force, *self._only_counted()]
            self._by_object_type = by_object_type(self._watched)
            self._forecasts = ForecastEngine(self._store, self._watched)
            self._versions = stored

    def _only_counted(self) -> list[Rule]:
        """The rules that a service level counts all clocks by, also those that a former version has alerts on.

        They tell nothing here, but have objects looked at, and so counted, at their deadlines.
        """
        targets = {rule.target.name: rule.target for rule in self._rules if isinstance(rule, BurnRateRule)}
        versioned = {rule.name for rule in self._in_force if isinstance(rule, VersionedRule)}
        return [replace(targets[name], tenure=NO_CASES) for name in sorted(versioned & targets.keys())]

    def _wake(self, rules: Iterable[Rule], from_at: datetime, before: Watermark, through: datetime) -> None:
        """Makes due the objects that the tick would pass over, though an event that starts a case lies ahead."""
        for rule in rules:
            if isinstance(rule, ObjectRule):
                ids = objects_dated_ahead(
                    self._store, rule.object_type, sorted(rule.case_types), from_at, before.evaluated_through
                )
                write_duties(self._store, {(rule.object_type, id_): through for id_ in ids}, through)

    def _version(self, by: datetime) -> str:
        return rules_version(self._in_force, self._contracts, by)

    def _look_at_touched(self, touched: Touched, silences: Silences, changes: "_Changes") -> int:
        unknown = self._unknown_times(silences)
        objects, parts = touched_stretches(self._store, touched, _OBJECTS_AT_ONCE)
        for stretch in parts:
            on_object = self._by_object_type.get(stretch.object_type)
            if on_object is None:
                continue
            duties = open_duties(self._store, stretch, touched)
            histories = histories_as_received(self._store, on_object.watch, stretch, touched.through, touched)
            for object_id, history in histories:
                object_ = BusinessObject(stretch.object_type, object_id)
                alerts, due_at = _advance(on_object.rules, unknown, object_, history, touched.after, touched.through)
                due_at = self._counted_ahead(object_, history, touched.through, due_at)
                changes.add(alerts)
                changes.settle(object_, duties.pop(object_id, None), due_at)
            changes.close(stretch.object_type, duties)
        return objects

    def _look_at_all(self, since: datetime, silences: Silences, changes: "_Changes") -> int:
        unknown = self._unknown_times(silences)
        objects = 0
        for object_type in sorted(self._by_object_type.keys() | stored_object_types(self._store)):
            on_object = self._by_object_type.get(object_type)
            for stretch in stretches(self._store, object_type, _MILESTONES_AT_ONCE):
                alerts_before = alerts_in_stretch(self._store, stretch)
                stored = {alert.alert_id: alert for alert in alerts_before if not self._owned_elsewhere(alert)}
                duties = open_duties(self._store, stretch, None)
                for object_, alerts, due_at in self._from_the_beginning(on_object, unknown, stretch, changes.through):
                    objects += 1
                    changes.add(corrections(stored, alerts))
                    changes.settle(object_, duties.pop(object_.id, None), due_at)
                    for alert in alerts:
                        stored.pop(alert.alert_id, None)
                changes.add(withdrawals(stored.values(), since, changes.through))
                changes.close(object_type, duties)
        return objects

    def _owned_elsewhere(self, alert: Alert) -> bool:
        """Whether an alert follows from more than the history of its object."""
        return alert.name in (SOURCE_SILENT, CLOSE_REOPENED) or self._alike.owns(alert) or self._series.owns(alert)

    def _from_the_beginning(
        self, on_object: ObjectRules | None, unknown: UnknownByRule, stretch: Stretch, through: datetime
    ) -> Iterator[tuple[BusinessObject, list[Alert], datetime | None]]:
        if on_object is not None:
            for object_id, history in histories_as_received(self._store, on_object.watch, stretch, through):
                object_ = BusinessObject(stretch.object_type, object_id)
                alerts, due_at = _advance(on_object.rules, unknown, object_, history, None, through)
                yield object_, alerts, self._counted_ahead(object_, history, through, due_at)

    def _counted_ahead(
        self, object_: BusinessObject, history: History, through: datetime, due_at: datetime | None
    ) -> datetime | None:
        """When to look at an object again: an event from a clock that runs ahead may end a duty that is counted.

        No alert comes of that, so no rule is due then, and nothing else would bring the object back.
        """
        if not self._series.counts(object_.type):
            return due_at
        ahead = (milestone.occurred_at for milestone in history if milestone.occurred_at > through)
        return min((at for at in (due_at, min(ahead, default=None)) if at is not None), default=None)

    def _unknown_times(self, silences: Silences) -> UnknownByRule:
        return {
            id(watched): unknown_of(silences, watched.rule)
            for on_object in self._by_object_type.values()
            for watched in on_object.rules
        }


class _Changes:
    """What a tick has to write, in parts so that memory stays bounded."""

    def __init__(self, store: Store, through: datetime) -> None:
        self.through = through
        self.transitions: Counter[AlertState] = Counter()
        self._store = store
        self._alerts: list[Alert] = []
        self._duties: dict[tuple[str, str], datetime | None] = {}

    def add(self, alerts: Sequence[Alert]) -> None:
        self._alerts += alerts
        self.transitions.update(alert.state for alert in alerts)

    def settle(self, object_: BusinessObject, stored: datetime | None, due_at: datetime | None) -> None:
        """Notes when time alone next changes an object, and ends the part: an object's changes stay together."""
        if stored != due_at:
            self._duties[(object_.type, object_.id)] = due_at
        if len(self._alerts) + len(self._duties) >= _CHANGES_AT_ONCE:
            self.write()

    def close(self, object_type: str, object_ids: Iterable[str]) -> None:
        """Notes that time alone no longer changes these objects."""
        self._duties.update(((object_type, object_id), None) for object_id in object_ids)

    def write(self) -> None:
        # A duty written before the alerts it led to would hide them from the tick that repeats a lost one.
        write_transitions(self._store, self._alerts)
        write_duties(self._store, self._duties, self.through)
        self._alerts.clear()
        self._duties.clear()


def rules_version(rules: Iterable[Rule], contracts: Contracts = NO_CONTRACTS, by: datetime = LATEST) -> str:
    """A digest that changes when any rule comes, goes or may judge otherwise, or waits for the word of others.

    Versions whose cases all start after `by` do not count.
    """
    judging = [one for rule in rules for one in versions_of(rule) if one.tenure.since <= by]
    named = sorted("\0".join((rule.name, rule.version, *_begins(rule))) for rule in judging)
    awaited = frozenset().union(*(rule.awaited_types for rule in judging if isinstance(rule, ObjectRule)))
    for type_ in sorted(awaited & contracts.events.keys()):
        named.append("\0".join((type_, *contracts.events[type_].sources)))
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def _adopting(news: Sequence[StoredVersion]) -> Act:
    versions = [
        {
            "alert": one.alert,
            "number": one.number,
            "rule_version": one.rule_version,
            "from": format_instant(one.from_at),
        }
        for one in news
    ]
    subject = news[0].alert if len(news) == 1 else f"{len(news)} rules"
    return Act(ActKind.RULE_ADOPT, PROGRAM, subject, "the rule files say so", {"versions": versions})


def _begins(rule: Rule) -> tuple[str, ...]:
    return () if rule.tenure.since == EARLIEST else (format_instant(rule.tenure.since),)


def _advance(
    rules: Sequence[WatchedRule],
    unknown: UnknownByRule,
    object_: BusinessObject,
    history: History,
    after: datetime | None,
    through: datetime,
) -> tuple[list[Alert], datetime | None]:
    """What becomes of one object's alerts under all rules, and when time alone next changes one."""
    alerts: list[Alert] = []
    due: list[datetime] = []
    for watched in rules:
        if watched.concerns(history):
            changed, due_at = advance(watched.rule, object_, history, after, through, unknown[id(watched)])
            alerts += changed
            if due_at is not None:
                due.append(due_at)
    return alerts, min(due, default=None)
