"""Judges a signal under a threshold rule, each label set by itself, at each full minute."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.duration import format_duration
from domain.series_rule import Bound, LabelSet, ThresholdRule, label_set, write_labels
from domain.signal import SIGNALS, Signal, write_value
from rules.kinds.grid import GridSeries, GridState, Verdict, instants_in, judge
from rules.kinds.series_told import SeriesTold

STEP = timedelta(minutes=1)
# An alert of a series that ended, such as that of a service taken out of use, must end too.
SILENT_AFTER = timedelta(hours=1)
# What was measured at an instant, by label set.
Measured = Mapping[datetime, Mapping[LabelSet, float]]


def advance(
    rule: ThresholdRule, state: GridState, measured: Measured, after: datetime, through: datetime
) -> list[SeriesTold]:
    """What is told in (after, through]; brings `state` up to `through`."""
    signal = SIGNALS[rule.signal]
    by_labels = {series.labels: series for series in state.series}
    told = []
    for instant in instants_in(after, through, STEP):
        values = measured.get(instant, {})
        for labels in dict.fromkeys((*values, *by_labels, *_always(rule, signal))):
            series = by_labels.get(labels) or GridSeries(labels)
            value = values.get(labels, 0.0 if signal.quiet_is_zero else None)
            change = judge(rule, series, _verdict(rule, signal, labels, value), instant, rule.stretch, SILENT_AFTER)
            if change:
                told.append(change)
            if series.is_at_rest:
                by_labels.pop(labels, None)
            else:
                by_labels[labels] = series
    state.series = list(by_labels.values())
    return told


def _always(rule: ThresholdRule, signal: Signal) -> tuple[LabelSet, ...]:
    """What is known though nothing was measured: the one series there is, where quiet is zero."""
    return (label_set((), {}),) if signal.quiet_is_zero and not rule.per else ()


def _verdict(rule: ThresholdRule, signal: Signal, labels: LabelSet, value: float | None) -> Verdict:
    if value is None:
        return Verdict(None, str, rule.level)
    # Both sides as they are measured: a tenth of calls is not above 10%.
    bound = float(rule.value)
    is_beyond = value > bound if rule.bound is Bound.ABOVE else value < bound

    def what() -> str:
        named = f"{signal.name} ({write_labels(labels)})" if labels else signal.name
        reading = f"{named} is {write_value(signal.unit, value)}"
        held = f" for {format_duration(rule.stretch)}" if rule.stretch else ""
        return f"{reading}, {rule.bound} {write_value(signal.unit, bound)}{held}" if is_beyond else reading

    return Verdict(is_beyond, what, rule.level)
