"""What rules would have told in a stretch of time, by rule: fired, resolved, retracted, pages, money, lead times."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from domain.contract import Contracts
from domain.instants import EPOCH
from domain.rule import MilestoneRule, ObjectRule, Override, Rule
from rules.backtest_outcome import RuleOutcome, changes_in, changes_of_alerts
from rules.engine import NO_CONTRACTS
from rules.forecast_learning import informed_for
from rules.replay import By, Progress, Span, replay
from rules.start_counting import starts_of
from rules.traffic_replay import Unanswered, judges_traffic, replay_traffic, unanswered
from rules.versions import versions_of
from storage.alert_actions import marks_of_rules
from storage.client import Store
from storage.source_silences import read_silences

# A rule by its name and the version of what it judges: two that have both in common tell the same.
RuleKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Backtest:
    """What each of several rules would have told in a span, and of which of them the store cannot say all."""

    span: Span
    by: By
    outcomes: dict[RuleKey, RuleOutcome]
    unanswered: dict[RuleKey, Unanswered]

    def of(self, rules: Iterable[Rule]) -> list[RuleOutcome]:
        """The outcomes of these rules, by name."""
        keys = sorted((rule.name, rule.version) for rule in rules)
        return [self.outcomes[key] for key in keys if key in self.outcomes]

    def unanswered_of(self, rules: Iterable[Rule]) -> list[Unanswered]:
        """What cannot be said of these rules, by name."""
        keys = sorted((rule.name, rule.version) for rule in rules)
        return [self.unanswered[key] for key in keys if key in self.unanswered]


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
    distinct = {(rule.name, rule.version): rule for rule in learnt}
    gaps = {key: gap for key, rule in distinct.items() if (gap := unanswered(store, rule, span, by))}
    outcomes = {key: RuleOutcome(rule) for key, rule in distinct.items() if key not in gaps or not gaps[key].is_all}
    _replay_traffic(store, outcomes.values(), span, by, contracts)
    for one in replay(store, [outcome.rule for outcome in outcomes.values()], span, by, progress, contracts):
        outcomes[one.rule.name, one.rule.version].learn(changes_in(one), span)
    _count_starts(store, outcomes.values(), span, by)
    _take_marks(store, outcomes.values())
    return Backtest(span, by, outcomes, gaps)


def _replay_traffic(store: Store, outcomes: Collection[RuleOutcome], span: Span, by: By, contracts: Contracts) -> None:
    on_traffic = [outcome for outcome in outcomes if judges_traffic(outcome.rule)]
    if on_traffic:
        silences = read_silences(store, contracts, EPOCH, span.through)
        for outcome in on_traffic:
            outcome.started = None
            outcome.learn(changes_of_alerts(replay_traffic(store, outcome.rule, span, by, silences)), span)


def _take_marks(store: Store, outcomes: Collection[RuleOutcome]) -> None:
    """An alert has the same id whenever, and under whichever version of a rule, it fires: so it has its mark."""
    marks = marks_of_rules(store, {outcome.rule.name for outcome in outcomes})
    for outcome in outcomes:
        for alert_id, fired in outcome.fired.items():
            fired.mark = marks.get(alert_id)


def _count_starts(store: Store, outcomes: Collection[RuleOutcome], span: Span, by: By) -> None:
    counted = [outcome for outcome in outcomes if isinstance(outcome.rule, ObjectRule)]
    rules = [rule for outcome in counted if isinstance(rule := outcome.rule, ObjectRule)]
    started = starts_of(store, rules, span, by)
    for (place, override), count in started.items():
        if override is None:
            counted[place].started = count
        else:
            counted[place].overrides[override] = count


def overrides_of(rule: Rule) -> list[Override]:
    """The overrides of a rule, those of its newest version first."""
    versions = [one for one in reversed(versions_of(rule)) if isinstance(one, MilestoneRule)]
    return list(dict.fromkeys(override for version in versions for override in version.overrides))
