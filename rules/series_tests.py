"""Judges rules on traffic in rule tests: of events, and of signals whose values a test states."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.config_file import show
from domain.kpi_watch import ACCEPTED_BOUNDS, READ_EVERY, KpiReading, KpiValue
from domain.milestone import Milestone
from domain.series_rule import (
    AbsenceRule,
    BurnRateRule,
    KpiThresholdRule,
    LabelSet,
    SeriesRule,
    ThresholdRule,
    label_set,
)
from domain.source_silence import Silences
from rules.clock_counting import counts_of
from rules.kinds import absence, burn_rate, kpi_threshold, threshold
from rules.kinds.absence import AbsenceState, Arrival, Run
from rules.kinds.grid import GridState, instants_in
from rules.kinds.kpi_threshold import KpiState
from rules.kinds.series_told import SeriesTold
from rules.rule_test_schema import RuleTestConfig
from rules.series_alert import series_alerts

Histories = Mapping[BusinessObject, Sequence[Milestone]]


class _Kind(NamedTuple):
    """How rules of one kind are read in a test: (rule, test, histories, and for what is told silences, instant)."""

    told: Callable[[Any, RuleTestConfig, Histories, Silences, datetime], list[SeriesTold]]
    is_started: Callable[[Any, RuleTestConfig, Histories, datetime], bool]


def series_alerts_in(
    rule: SeriesRule, test: RuleTestConfig, histories: Histories, silences: Silences, at: datetime
) -> list[Alert]:
    """The alerts of a rule as they stand at an instant of a test."""
    told = _KINDS[type(rule)].told(rule, test, histories, silences, at)
    alerts = {alert.alert_id: alert for alert in series_alerts(told, at)}
    return [alert for alert in alerts.values() if alert.state is not AlertState.RETRACTED]


def is_series_started(rule: SeriesRule, test: RuleTestConfig, histories: Histories, at: datetime) -> bool:
    """Whether by then the test has anything that the rule judges."""
    return _KINDS[type(rule)].is_started(rule, test, histories, at)


def _absence(rule: AbsenceRule, test: RuleTestConfig, _: Histories, __: Silences, at: datetime) -> list[SeriesTold]:
    began_at = min((test.start + event.at for event in test.events), default=test.start)
    state = AbsenceState(began_at=began_at if rule.expect else None)
    return absence.advance(rule, state, _arrivals(rule, test, at), None, at)


def _arrivals(rule: AbsenceRule, test: RuleTestConfig, at: datetime) -> Iterable[tuple[LabelSet, Arrival]]:
    for event in test.events:
        occurred_at = test.start + event.at
        known_at = test.start + event.known
        if event.type != rule.event_type or known_at > at:
            continue
        stated = {"source": event.source, "legal_entity": event.legal_entity, "region": event.region}
        stated["currency"] = event.currency
        for object_type in sorted({named.type for named in event.named}) if "object_type" in rule.per else [""]:
            values = {name: value or "" for name, value in stated.items()} | {"object_type": object_type}
            yield label_set(rule.per, values), Arrival(known_at, Run(occurred_at, occurred_at))


def _awaits(rule: AbsenceRule, test: RuleTestConfig, _: Histories, at: datetime) -> bool:
    return bool(rule.expect) or any(True for _ in _arrivals(rule, test, at))


def _threshold(rule: ThresholdRule, test: RuleTestConfig, _: Histories, __: Silences, at: datetime) -> list[SeriesTold]:
    stated = sorted((one for one in test.signals if one.signal == rule.signal), key=lambda one: one.at)
    measured: dict[datetime, dict[LabelSet, float]] = defaultdict(dict)
    after = test.start - threshold.STEP
    for instant in instants_in(after, at, threshold.STEP):
        values: dict[LabelSet, float | None] = {}
        for one in stated:
            if test.start + one.at <= instant:
                values[label_set(rule.per, one.labels)] = one.number
        measured[instant] = {labels: value for labels, value in values.items() if value is not None}
    return threshold.advance(rule, GridState(), measured, after, at)


def _is_measured(rule: ThresholdRule, test: RuleTestConfig, _: Histories, at: datetime) -> bool:
    return any(
        one.signal == rule.signal and one.number is not None and test.start + one.at <= at for one in test.signals
    )


def _kpi_threshold(
    rule: KpiThresholdRule, test: RuleTestConfig, _: Histories, __: Silences, at: datetime
) -> list[SeriesTold]:
    stated = sorted((one for one in test.kpis if one.kpi == rule.kpi), key=lambda one: one.at)
    readings: dict[datetime, KpiReading] = {}
    # Before anything is stated there are no figures, and hours are full by the clock and not by the test's start.
    for instant in instants_in(test.start - READ_EVERY, at, READ_EVERY):
        values = {
            one.labels.get(rule.dimension or "", ""): KpiValue(one.written.value if one.written else None)
            for one in stated
            if test.start + one.at <= instant
        }
        readings[instant] = KpiReading(instant, values, KpiValue(None))
    return kpi_threshold.advance(rule, KpiState(), readings, _nobody_silent, test.start - READ_EVERY, at)


def _nobody_silent(_: KpiReading) -> bool:
    return False


def _is_stated(rule: KpiThresholdRule, test: RuleTestConfig, _: Histories, at: datetime) -> bool:
    return any(one.kpi == rule.kpi and one.value is not None and test.start + one.at <= at for one in test.kpis)


def unfit_values(rules: Iterable[object], test: RuleTestConfig) -> Iterator[tuple[int, str]]:
    """The places of values of KPIs that fit no rule here, with what is wrong."""
    judged = [rule for rule in rules if isinstance(rule, KpiThresholdRule)]
    for number, one in enumerate(test.kpis):
        of_it = [rule for rule in judged if rule.kpi == one.kpi]
        if not of_it:
            named = ", ".join(sorted({rule.kpi for rule in judged})) or "none"
            yield number, f"kpi is {show(one.kpi)}, which no rule here is on; they are on {named}"
        elif one.written and all(rule.unit is not one.written.unit for rule in of_it):
            unit = of_it[0].unit
            yield number, f"value is {show(one.value)}, and {one.kpi} is in {unit}; give {ACCEPTED_BOUNDS[unit]}"
        elif all(set(one.labels) != ({rule.dimension} if rule.dimension else set()) for rule in of_it):
            per = sorted({rule.dimension or "none" for rule in of_it})
            yield number, f"labels are {', '.join(one.labels) or 'none'}; give those of per: {', '.join(per)}"


def _burn_rate(
    rule: BurnRateRule, _: RuleTestConfig, histories: Histories, silences: Silences, at: datetime
) -> list[SeriesTold]:
    counts = counts_of(rule.target, _of_target(rule, histories), at, silences.unknown_times(rule.target.awaited_types))
    longest = max(windows.long for windows in rule.windows)
    return burn_rate.advance(rule, GridState(), counts, at - longest, at)


def _has_clocks(rule: BurnRateRule, _: RuleTestConfig, histories: Histories, at: datetime) -> bool:
    return any(
        milestone.type in rule.target.opening_types and milestone.occurred_at <= at
        for history in _of_target(rule, histories)
        for milestone in history
    )


def _of_target(rule: BurnRateRule, histories: Histories) -> list[Sequence[Milestone]]:
    return [history for object_, history in histories.items() if object_.type == rule.target.object_type]


_KINDS: dict[type[SeriesRule], _Kind] = {
    AbsenceRule: _Kind(_absence, _awaits),
    ThresholdRule: _Kind(_threshold, _is_measured),
    KpiThresholdRule: _Kind(_kpi_threshold, _is_stated),
    BurnRateRule: _Kind(_burn_rate, _has_clocks),
}
