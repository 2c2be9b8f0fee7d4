"""What one rule would have told in a stretch of time: what fired, resolved and paged, its money and lead times."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState, alert_id
from domain.alert_action import Mark
from domain.alike_rule import AlikeRule
from domain.business_object import BusinessObject
from domain.forecast_rule import ForecastRule
from domain.instants import from_micros
from domain.rule import ObjectRule, Override, Rule
from domain.series_rule import SeriesRule
from rules.replay import Replayed, Span

WEEK = timedelta(days=7)


class Standing(Protocol):
    """How an alert stands: what is told of a finding, or the alert in full."""

    @property
    def state(self) -> AlertState: ...
    @property
    def severity(self) -> str: ...
    @property
    def deadline_at(self) -> datetime: ...
    @property
    def fired_at(self) -> datetime | None: ...
    @property
    def resolved_at(self) -> datetime | None: ...


class Change(NamedTuple):
    """From `known_at` on an alert stood so."""

    alert_id: str
    business_object: BusinessObject
    known_at: datetime
    stands: Standing
    amount: Decimal | None
    currency: str | None


def changes_in(replayed: Replayed) -> Iterator[Change]:
    """The changes of one object's alerts, without the words that nobody reads of a backtest."""
    rule, object_ = replayed.rule, replayed.business_object
    ids: dict[str, str] = {}
    for known_at, told in replayed.changes:
        clock, facts = told.case.clock, told.case.start.facts
        if clock not in ids:
            ids[clock] = alert_id(rule.name, object_, clock)
        yield Change(ids[clock], object_, known_at, told, facts.amount, facts.currency)


def changes_of_alerts(alerts: Iterable[Alert]) -> Iterator[Change]:
    """The changes that alerts in full are, as they became known."""
    for alert in alerts:
        known_at = from_micros(alert.version // VERSIONS_PER_MICROSECOND)
        yield Change(alert.alert_id, alert.business_object, known_at, alert, alert.amount, alert.currency)


@dataclass(slots=True)
class Fired:
    """An alert whose firing became known in the span, as it stood at the span's end; `mark` is what people say now."""

    business_object: BusinessObject
    fired_at: datetime
    severity: str
    state: AlertState
    resolved_at: datetime | None
    amount: Decimal | None
    currency: str | None
    mark: Mark | None = None


@dataclass(slots=True)
class RuleOutcome:
    """What one rule would have told in the span.

    `started` are the clocks it started (for a rule without clocks, what it looked at), `overrides` how many of them
    had each override's window. `pages` count by week (from 0) and severity: what fires, and what fires at a new
    severity; `early` says of each alert that was at risk how long before its deadline that was told.
    """

    rule: Rule
    started: int | None = 0
    fired: dict[str, Fired] = field(default_factory=dict)
    resolved: int = 0
    retracted: int = 0
    at_risk: int = 0
    averted: int = 0
    suspended: int = 0
    pages: Counter[tuple[int, str]] = field(default_factory=Counter)
    early: list[timedelta] = field(default_factory=list)
    overrides: dict[Override, int] = field(default_factory=dict)

    def learn(self, changes: Iterable[Change], span: Span) -> None:
        """Takes in all changes of some alerts by the end of the span, from the beginning, in order."""
        told: dict[str, Change] = {}
        for change in changes:
            if change.known_at >= span.since:
                before = told.get(change.alert_id)
                self._take(before.stands if before else None, change, (change.known_at - span.since) // WEEK)
            told[change.alert_id] = change
        for alert_id_, last in told.items():
            if fired := self.fired.get(alert_id_):
                fired.state, fired.resolved_at = last.stands.state, last.stands.resolved_at
                fired.amount, fired.currency = last.amount, last.currency

    def _take(self, before: Standing | None, change: Change, week: int) -> None:
        now = change.stands
        had_fired = before is not None and _has_fired(before)
        if now.state is AlertState.FIRING and not (had_fired and before and _told_alike(before, now)):
            self.pages[week, now.severity] += 1
        if _has_fired(now) and now.fired_at:
            if not had_fired:
                facts = (now.state, now.resolved_at, change.amount, change.currency)
                self.fired[change.alert_id] = Fired(change.business_object, now.fired_at, now.severity, *facts)
            elif fired := self.fired.get(change.alert_id):
                fired.fired_at, fired.severity = now.fired_at, now.severity
        if now.state is AlertState.AT_RISK and (before is None or before.state is not AlertState.AT_RISK):
            self.at_risk += 1
            self.early.append(now.deadline_at - change.known_at)
        if now.state is AlertState.RESOLVED:
            ends = before is None or before.state is not AlertState.RESOLVED
            self.resolved += ends and now.fired_at is not None
            self.averted += ends and now.fired_at is None and not self._came_true(now)
        self.suspended += now.state is AlertState.SUSPENDED and (before is None or before.state is not now.state)
        self.retracted += now.state is AlertState.RETRACTED and had_fired

    @property
    def object_type(self) -> str:
        """Of what its alerts are: the type that an object rule judges, or of the subject of one on traffic."""
        rule = self.rule
        if isinstance(rule, SeriesRule):
            return rule.subject.type
        return rule.object_type if isinstance(rule, ObjectRule | AlikeRule) else ""

    def _came_true(self, stands: Standing) -> bool:
        """Whether an alert ended because what it forecast happened: its deadline passed."""
        return isinstance(self.rule, ForecastRule) and stands.resolved_at == stands.deadline_at

    @property
    def standing(self) -> int:
        """How many of those that fired were firing still at the end."""
        return sum(fired.state is AlertState.FIRING for fired in self.fired.values())

    @property
    def lead_times(self) -> list[timedelta]:
        """How long each alert that fired and is resolved took from the one to the other, in business time."""
        return [fired.resolved_at - fired.fired_at for fired in self.fired.values() if fired.resolved_at]


def _has_fired(stands: Standing) -> bool:
    return stands.fired_at is not None and stands.state in (AlertState.FIRING, AlertState.RESOLVED)


def _told_alike(before: Standing, now: Standing) -> bool:
    return before.state is now.state and before.severity == now.severity
