"""What a rule means, in sentences for people who do not read YAML."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from functools import singledispatch

from domain.alike_rule import AlikeRule
from domain.authority_rule import AuthorityRule
from domain.duration import format_duration
from domain.forecast_rule import ForecastRule
from domain.kpi_watch import write_figure
from domain.reconcile_rule import ReconcileRule
from domain.repeat_rule import RepeatRule
from domain.rule import MilestoneRule, ObjectRule, Pairing, Rule, SequenceRule, SeverityStep
from domain.sequence_rule import LegalRule, NotBeforeRule, NotWhileRule
from domain.series_rule import AbsenceRule, BurnRateRule, KpiThresholdRule, ThresholdRule

_PAIRINGS = {
    Pairing.FIRST: "Only the first of each counts.",
    Pairing.EACH: "Each starts a clock of its own, and the next one that fits stops it.",
    Pairing.ONE_TO_ONE: "Each starts a clock of its own and needs one of its own, in the order of time.",
}


def words_of(rule: Rule) -> list[str]:
    """What the rule says, a sentence each; the first says what must hold."""
    sentences = list(_says(rule))
    if isinstance(rule, ObjectRule) and rule.where:
        sentences.append(f"Only where {rule.where}.")
    unless: Sequence[str] = getattr(rule, "unless", ())
    if unless:
        sentences.append(f"{_list(unless, 'or')} ends it.")
    if isinstance(rule, MilestoneRule):
        sentences.extend(_severities(rule.severity))
    elif not isinstance(rule, BurnRateRule) and (level := getattr(rule, "level", "")):
        sentences.append(f"An alert is of severity {level}.")
    return sentences


@singledispatch
def _says(rule: Rule) -> Iterator[str]:
    yield f"A rule of kind {type(rule).__name__}."


@_says.register
def _milestone(rule: MilestoneRule) -> Iterator[str]:
    counted = f", counted in the open hours of {rule.calendar.name}" if rule.calendar else ""
    yield (
        f"After {rule.from_type}, every {rule.object_type} must reach {rule.to_type} within "
        f"{_length(rule.within)}{counted}; exactly at the deadline is in time."
    )
    for override in rule.overrides:
        yield f"Where {override.where}, it is {_length(override.within)}."
    if rule.pairing is not Pairing.FIRST:
        yield _PAIRINGS[rule.pairing]
    if rule.pause:
        yield f"The time from {rule.pause.from_type} until {rule.pause.until_type} does not count."
    if rule.skew:
        yield f"Clocks that disagree by up to {_length(rule.skew)} are forgiven."
    if rule.at_risk is not None:
        yield f"It is at risk from {_percent(rule.at_risk)} of the time on."
    if rule.close:
        yield "It must be met before the cutoff of its accounting period, too."


@_says.register
def _sequence(rule: SequenceRule) -> Iterator[str]:
    yield f"No {rule.object_type} may have {rule.event_type} without {rule.requires} at or before it."


@_says.register
def _not_before(rule: NotBeforeRule) -> Iterator[str]:
    yield f"No {rule.object_type} may have {rule.event_type} before {rule.not_before}."


@_says.register
def _not_while(rule: NotWhileRule) -> Iterator[str]:
    yield f"No {rule.object_type} may have {rule.event_type} between {rule.from_type} and {rule.until_type}."


@_says.register
def _legal(rule: LegalRule) -> Iterator[str]:
    yield f"Every {rule.object_type} may only go from state to state as its contract allows."


@_says.register
def _repeat(rule: RepeatRule) -> Iterator[str]:
    within = f" within {_length(rule.within)}" if rule.within else ""
    yield f"No {rule.object_type} may have {rule.event_type} {rule.count} times{within}."


@_says.register
def _alike(rule: AlikeRule) -> Iterator[str]:
    by = ", ".join(rule.attributes)
    yield (
        f"No two objects of type {rule.object_type} may be the same in truth, by {by}; names are alike from "
        f"{_percent(rule.at_least)} on."
    )
    if not rule.tax_ids_may_differ:
        yield "Two tax ids that are both known and differ rule it out."


@_says.register
def _reconcile(rule: ReconcileRule) -> Iterator[str]:
    right = f"the sum of all {rule.right}" if rule.sums else str(rule.right)
    less = f" less {' and '.join(rule.less)}" if rule.less else ""
    yield f"Of every {rule.object_type}, {rule.left} and {right}{less} must agree on {_list(rule.on)}."
    if rule.absolute or rule.relative:
        parts = [str(rule.absolute)] if rule.absolute else []
        parts += [_percent(rule.relative)] if rule.relative else []
        whichever = ", whichever is more," if len(parts) > 1 else ""
        yield f"A difference of up to {' or '.join(parts)}{whichever} is tolerated."
    if rule.settle:
        counted = f" in the open hours of {rule.calendar.name}" if rule.calendar else ""
        yield f"It fires once they have disagreed for {_length(rule.settle)}{counted}."


@_says.register
def _authority(rule: AuthorityRule) -> Iterator[str]:
    what = f"{rule.field} in " if rule.field else ""
    for event_type, owners in sorted(rule.owners.items()):
        yield f"Only {_list(owners, 'or')} may state {what}{event_type}."


@_says.register
def _absence(rule: AbsenceRule) -> Iterator[str]:
    per = f", for each {_list(rule.per)}" if rule.per else ""
    counted = f" of the open hours of {rule.calendar.name}" if rule.calendar else ""
    yield f"{rule.event_type} may not stay away for longer than {_length(rule.stretch)}{counted}{per}."


@_says.register
def _threshold(rule: ThresholdRule) -> Iterator[str]:
    per = f", for each {_list(rule.per)}" if rule.per else ""
    pair = f" from {rule.pair.from_type} to {rule.pair.to_type}" if rule.pair else ""
    lasting = f" for {_length(rule.stretch)}" if rule.stretch else ""
    what = f"{rule.signal}{pair}, measured over {_length(rule.window)},"
    yield f"{what} may not be {rule.bound} {rule.value}{lasting}{per}."


@_says.register
def _kpi_threshold(rule: KpiThresholdRule) -> Iterator[str]:
    per = f", for each {rule.dimension}" if rule.dimension else ""
    lasting = f" for {_length(rule.stretch)}" if rule.stretch else ""
    bound = write_figure(rule.unit, rule.value, rule.currency)
    yield (
        f"The KPI {rule.kpi}, over the {_length(rule.window)} before each full hour, may not be {rule.bound} "
        f"{bound}{lasting}{per}."
    )
    yield "While its figure is unknown, an alert neither begins nor ends."


@_says.register
def _burn_rate(rule: BurnRateRule) -> Iterator[str]:
    yield (
        f"{_percent(rule.objective)} of what {rule.target.name} asks for must be in time, over {_length(rule.over)}; "
        "it fires when the rest, the error budget, is used up too fast."
    )
    for one in rule.windows:
        yield (
            f"{one.level}: {float(one.factor):g} times too fast over {_length(one.long)}, and still so over "
            f"{_length(one.short)}."
        )
    yield f"Fewer than {rule.minimum} cases in the longer window say nothing."


@_says.register
def _forecast(rule: ForecastRule) -> Iterator[str]:
    yield (
        f"What {rule.target.name} asks for is at risk once the chance that it is missed is {_percent(rule.chance)} or "
        "more, by how long such cases took before."
    )
    segment = f", by {_list(rule.segment)}" if rule.segment else ""
    yield f"It learns from the cases of the last {_length(rule.learn_from)}{segment}."


def _severities(steps: Sequence[SeverityStep]) -> Iterator[str]:
    if len(steps) == 1 and steps[0].share == 1:
        yield f"An alert is of severity {steps[0].level}."
        return
    parts = [f"{step.level} from {_percent(step.share)} of the time on" for step in steps]
    yield f"An alert is {_list(parts)}."


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):g}%"


def _length(length: timedelta) -> str:
    return format_duration(length)


def _list(names: Sequence[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
