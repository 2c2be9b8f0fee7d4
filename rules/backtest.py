"""What rules would have told in a stretch of time, by rule: fired, resolved, retracted, pages, money, lead times."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState
from domain.alert_action import Mark
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.forecast_rule import ForecastRule
from domain.instants import LATEST, from_micros
from domain.rule import MilestoneRule, ObjectRule, Override, Pairing, Rule, Tenure
from rules.engine import NO_CONTRACTS
from rules.forecast_learning import informed_for
from rules.replay import By, Progress, Span, replay
from rules.versions import VersionedRule, versions_of
from rules.watching import by_object_type
from storage.alert_actions import marks_of_rules
from storage.client import Store
from storage.milestones import Recent, stretches
from storage.starts import StartCase, count_starts

WEEK = timedelta(days=7)
_MICROSECOND = timedelta(microseconds=1)
# One statement counts the starts of so many milestones' objects.
_MILESTONES_AT_ONCE = 1_000_000
# A rule by its name and the version of what it judges: two that have both in common tell the same.
RuleKey = tuple[str, str]


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

    rule: ObjectRule
    started: int = 0
    fired: dict[str, Fired] = field(default_factory=dict)
    resolved: int = 0
    retracted: int = 0
    at_risk: int = 0
    averted: int = 0
    suspended: int = 0
    pages: Counter[tuple[int, str]] = field(default_factory=Counter)
    early: list[timedelta] = field(default_factory=list)
    overrides: dict[Override, int] = field(default_factory=dict)

    def learn(self, changes: Iterable[Alert], span: Span) -> None:
        """Takes in the changes of one object's alerts by the end of the span, from the beginning."""
        told: dict[str, Alert] = {}
        for alert in changes:
            known_at = from_micros(alert.version // VERSIONS_PER_MICROSECOND)
            if known_at >= span.since:
                self._take(told.get(alert.alert_id), alert, known_at, (known_at - span.since) // WEEK)
            told[alert.alert_id] = alert
        for alert_id, alert in told.items():
            if fired := self.fired.get(alert_id):
                fired.state, fired.resolved_at = alert.state, alert.resolved_at
                fired.amount, fired.currency = alert.amount, alert.currency

    def _take(self, before: Alert | None, alert: Alert, known_at: datetime, week: int) -> None:
        had_fired = before is not None and _has_fired(before)
        if alert.state is AlertState.FIRING and not (had_fired and before and _told_alike(before, alert)):
            self.pages[week, alert.severity] += 1
        if _has_fired(alert) and alert.fired_at:
            if not had_fired:
                facts = (alert.state, alert.resolved_at, alert.amount, alert.currency)
                self.fired[alert.alert_id] = Fired(alert.business_object, alert.fired_at, alert.severity, *facts)
            elif fired := self.fired.get(alert.alert_id):
                fired.fired_at, fired.severity = alert.fired_at, alert.severity
        if alert.state is AlertState.AT_RISK and (before is None or before.state is not AlertState.AT_RISK):
            self.at_risk += 1
            self.early.append(alert.deadline_at - known_at)
        if alert.state is AlertState.RESOLVED:
            ends = before is None or before.state is not AlertState.RESOLVED
            self.resolved += ends and alert.fired_at is not None
            self.averted += ends and alert.fired_at is None and not self._came_true(alert)
        self.suspended += alert.state is AlertState.SUSPENDED and (before is None or before.state is not alert.state)
        self.retracted += alert.state is AlertState.RETRACTED and had_fired

    def _came_true(self, alert: Alert) -> bool:
        """Whether an alert ended because what it forecast happened: its deadline passed."""
        return isinstance(self.rule, ForecastRule) and alert.resolved_at == alert.deadline_at

    @property
    def standing(self) -> int:
        """How many of those that fired were firing still at the end."""
        return sum(fired.state is AlertState.FIRING for fired in self.fired.values())

    @property
    def lead_times(self) -> list[timedelta]:
        """How long each alert that fired and is resolved took from the one to the other, in business time."""
        return [fired.resolved_at - fired.fired_at for fired in self.fired.values() if fired.resolved_at]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What each of several rules would have told in a span."""

    span: Span
    by: By
    outcomes: dict[RuleKey, RuleOutcome]

    def of(self, rules: Iterable[Rule]) -> list[RuleOutcome]:
        """The outcomes of these rules, by name."""
        keys = sorted((rule.name, rule.version) for rule in rules)
        return [self.outcomes[key] for key in keys if key in self.outcomes]


def backtest(
    store: Store,
    rules: Sequence[Rule],
    span: Span,
    by: By,
    progress: Progress,
    contracts: Contracts = NO_CONTRACTS,
) -> Backtest:
    """Replays the span under rules; those of one name and version are replayed once."""
    learnt = informed_for(store, rules, span.since, span.through, by_receipt=by is By.RECEIPT)
    distinct = {(rule.name, rule.version): rule for rule in learnt if isinstance(rule, ObjectRule)}
    outcomes = {key: RuleOutcome(rule) for key, rule in distinct.items()}
    for rule, _, changes in replay(store, distinct.values(), span, by, progress, contracts):
        outcomes[rule.name, rule.version].learn(changes, span)
    _count_starts(store, outcomes, span, by)
    _take_marks(store, outcomes.values())
    return Backtest(span, by, outcomes)


def _take_marks(store: Store, outcomes: Collection[RuleOutcome]) -> None:
    """An alert has the same id whenever, and under whichever version of a rule, it fires: so it has its mark."""
    marks = marks_of_rules(store, {outcome.rule.name for outcome in outcomes})
    for outcome in outcomes:
        for alert_id, fired in outcome.fired.items():
            fired.mark = marks.get(alert_id)


def _count_starts(store: Store, outcomes: dict[RuleKey, RuleOutcome], span: Span, by: By) -> None:
    recent = Recent(span.since, span.through, by_receipt=by is By.RECEIPT)
    for object_type, on_object in by_object_type(outcome.rule for outcome in outcomes.values()).items():
        counted: list[tuple[RuleOutcome, Override | None, StartCase]] = []
        for watched in on_object.rules:
            outcome = outcomes[watched.rule.name, watched.rule.version]
            counted += [(outcome, override, case) for override, case in _cases(watched.rule)]
        cases = [case for _, _, case in counted]
        for stretch in stretches(store, object_type, _MILESTONES_AT_ONCE):
            counts = count_starts(store, on_object.watch.conditions, stretch, recent, cases)
            for (outcome, override, _), count in zip(counted, counts, strict=True):
                if override is None:
                    outcome.started += count
                else:
                    outcome.overrides[override] = outcome.overrides.get(override, 0) + count


def overrides_of(rule: Rule) -> list[Override]:
    """The overrides of a rule, those of its newest version first."""
    versions = [one for one in reversed(versions_of(rule)) if isinstance(one, MilestoneRule)]
    return list(dict.fromkeys(override for version in versions for override in version.overrides))


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


def _has_fired(alert: Alert) -> bool:
    return alert.fired_at is not None and alert.state in (AlertState.FIRING, AlertState.RESOLVED)


def _told_alike(before: Alert, alert: Alert) -> bool:
    return before.state is alert.state and before.severity == alert.severity
