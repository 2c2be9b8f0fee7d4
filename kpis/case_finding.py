"""Finds the cases of one KPI in what its definition names, in parts that bound what is in memory."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.instants import EPOCH
from domain.kpi import Kpi, Origin
from storage.client import Store
from storage.engine_state import RULES_ENGINE, read_watermark
from storage.kpi_case_keeping import (
    Span,
    arrivals,
    keep_alert_cases,
    keep_cases,
    keep_duty_cases,
    keep_readings,
    keep_touches,
    rules_told_of,
)
from storage.milestones import Stretch, stretches
from storage.series import first_received, first_span_received

# So many milestones an insert reads, or the objects that a tenth as many have come for.
_MILESTONES_AT_ONCE = 500_000
_ARRIVALS_AT_ONCE = _MILESTONES_AT_ONCE // 10
# Signals are read as often as this, each time over what came since the time before.
READ_EVERY = timedelta(minutes=5)
# Readings at once: a day.
_READINGS_AT_ONCE = 288
# A month and the month before it.
_READ_BACK = timedelta(days=62)


def known_through(store: Store, kpi: Kpi, through: datetime) -> datetime:
    """Up to when all is known that a KPI is made of: of alerts as far as rules are evaluated; 1970 for not at all."""
    if kpi.cases.origin not in (Origin.ALERTS, Origin.DUTIES):
        return through
    judged = read_watermark(store, RULES_ENGINE)
    return min(through, judged.evaluated_through) if judged else EPOCH


def find_cases(store: Store, kpi: Kpi, span: Span, segment: str) -> None:
    """Brings the kept cases in line with what became known in a span."""
    match kpi.cases.origin:
        case Origin.MILESTONES:
            for stretch in _stretches(store, kpi.cases.object_type, span):
                keep_cases(store, kpi, stretch, span, segment)
        case Origin.ALERTS:
            keep_alert_cases(store, kpi, span, segment)
        case Origin.DUTIES:
            _find_duties(store, kpi, span, segment)
        case Origin.TOUCHES:
            keep_touches(store, kpi, span, segment)
        case Origin.SIGNAL:
            _read_signal(store, kpi, span)


def _stretches(store: Store, object_type: str, span: Span) -> Iterable[Stretch]:
    if _arrived(store, object_type, span) > _ARRIVALS_AT_ONCE:
        return stretches(store, object_type, _MILESTONES_AT_ONCE)
    return [Stretch(object_type)]


def _arrived(store: Store, object_type: str, span: Span) -> float:
    """How many milestones of a type of objects a span is about; without end where all of them are."""
    if span.after is None or not span.touched:
        return math.inf
    return arrivals(store, object_type, span.after, span.through)


def _find_duties(store: Store, kpi: Kpi, span: Span, segment: str) -> None:
    """Most ticks bring something for few rules: the others are passed over."""
    types = {judged.rule.object_type for judged in kpi.cases.rules}
    arrived = {type_: _arrived(store, type_, span) for type_ in types}
    told = rules_told_of(store, span)
    for judged in kpi.cases.rules:
        rule = judged.rule
        if arrived[rule.object_type] or rule.name in told:
            is_much = arrived[rule.object_type] > _ARRIVALS_AT_ONCE
            parts = stretches(store, rule.object_type, _MILESTONES_AT_ONCE) if is_much else [Stretch(rule.object_type)]
            for stretch in parts:
                keep_duty_cases(store, kpi, judged, stretch, span, segment)


def _read_signal(store: Store, kpi: Kpi, span: Span) -> None:
    after = span.after or _begin(store, span.through)
    first = EPOCH + ((after - EPOCH) // READ_EVERY + 1) * READ_EVERY
    left = (span.through - first) // READ_EVERY + 1
    while left > 0:
        some = min(left, _READINGS_AT_ONCE)
        keep_readings(store, kpi, first, some, READ_EVERY, span.through)
        first, left = first + some * READ_EVERY, left - some


def _begin(store: Store, through: datetime) -> datetime:
    """Before anything came there was nothing to read."""
    known = (first_received(store, through), first_span_received(store, through))
    first = min((at for at in known if at is not None), default=through)
    return max(first, through - _READ_BACK, EPOCH)
