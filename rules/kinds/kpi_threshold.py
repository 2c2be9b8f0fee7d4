"""Judges the figure of a KPI under a threshold rule, each label by itself, at each full hour."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from domain.duration import format_duration
from domain.kpi_watch import READ_EVERY, KpiReading, write_figure
from domain.series_rule import Bound, KpiThresholdRule, LabelSet, label_set, write_labels
from rules.kinds.grid import GridSeries, Verdict, instants_in, judge
from rules.kinds.series_told import SeriesTold

# A source may be away over a long weekend without its alerts ending as if all had been made good.
SILENT_AFTER = timedelta(days=7)
# Whether nobody could tell of what a reading follows from, so that it says nothing.
Unheard = Callable[[KpiReading], bool]


class KpiState(msgspec.Struct):
    """What is kept of a rule between ticks: the series beyond their bound, and through which hour it is judged."""

    series: list[GridSeries] = msgspec.field(default_factory=list)
    judged_at: datetime | None = None


def advance(
    rule: KpiThresholdRule,
    state: KpiState,
    readings: Mapping[datetime, KpiReading],
    unheard: Unheard,
    after: datetime,
    through: datetime,
) -> list[SeriesTold]:
    """What is told in (after, through]; brings `state` up to `through`. At an hour without a reading all is unknown."""
    by_labels = {series.labels: series for series in state.series}
    told = []
    for instant in instants_in(after, through, READ_EVERY):
        reading = readings.get(instant)
        if reading is not None and unheard(reading):
            reading = None
        read = [labels_of(rule, label) for label in reading.values] if reading else []
        for labels in dict.fromkeys((*read, *by_labels)):
            series = by_labels.get(labels) or GridSeries(labels)
            change = judge(rule, series, _verdict(rule, labels, reading), instant, rule.stretch, SILENT_AFTER)
            if change:
                told.append(change)
            if series.is_at_rest:
                by_labels.pop(labels, None)
            else:
                by_labels[labels] = series
    state.series, state.judged_at = list(by_labels.values()), through
    return told


def labels_of(rule: KpiThresholdRule, label: str) -> LabelSet:
    """The label set of a value of the rule's dimension."""
    return label_set((rule.dimension,), {rule.dimension: label}) if rule.dimension else ()


def _verdict(rule: KpiThresholdRule, labels: LabelSet, reading: KpiReading | None) -> Verdict:
    label = labels[0][1] if labels else ""
    value = reading.values.get(label, reading.rest).value if reading else None
    if value is None:
        return Verdict(None, str, rule.level)
    figure = value
    is_beyond = figure > rule.value if rule.bound is Bound.ABOVE else figure < rule.value

    def what() -> str:
        named = f"{rule.kpi} ({write_labels(labels)})" if labels else rule.kpi
        over = f"over the last {format_duration(rule.window)}"
        told = f"{named} is {write_figure(rule.unit, figure, rule.currency)} {over}"
        held = f" for {format_duration(rule.stretch)}" if rule.stretch else ""
        bound = write_figure(rule.unit, rule.value, rule.currency)
        return f"{told}, {rule.bound} {bound}{held}" if is_beyond else told

    return Verdict(is_beyond, what, rule.level)
