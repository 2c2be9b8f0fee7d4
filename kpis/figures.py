"""What KPIs come to over a stretch of time, beside the stretch before it: figures, their course and their cases."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from domain.conversion import EXACT, NINE_DIGITS
from domain.kpi import ClosedCases, Dimension, Figure, Kpi, Money, OpenCases, Statistic
from kpis.marks import is_kept
from kpis.unknown import Reasons
from storage.client import Store
from storage.kpi_cases import (
    ALL_CASES,
    OPEN_SLICE,
    CaseFilter,
    Pricing,
    SliceFigures,
    Unpriced,
    case_figures,
    silent_sources,
    unpriced,
)

_BEFORE, _NOW = 0, 1


@dataclass(frozen=True, slots=True)
class Question:
    """A stretch of time, the cases that count in it, and what tells them apart.

    It is compared with the time from `before_since` until it begins, of the same length where that is not given.
    """

    since: datetime
    until: datetime
    dimension: Dimension | None = None
    cases: CaseFilter = ALL_CASES
    before_since: datetime | None = None


def figures(store: Store, kpi: Kpi, question: Question, pricing: Pricing) -> list[Figure]:
    """The figure of each value of the dimension that cases have, by name; without one a single figure."""
    return figures_of(store, [kpi], question, pricing)[kpi.id]


def figures_of(store: Store, kpis: Collection[Kpi], question: Question, pricing: Pricing) -> dict[str, list[Figure]]:
    """The same of several KPIs at once, by their id."""
    length = question.until - question.since
    before_since = question.before_since or question.since - length
    # The stretch before is the first slice, the one that is asked about the second: one look at the cases for both.
    found = slices_of(
        store,
        kpis,
        before_since,
        question.until,
        length,
        question.dimension,
        question.cases,
        pricing,
        question.since,
    )
    return {kpi.id: _of_slices(store, kpi, question, pricing, found[kpi.id]) for kpi in kpis}


def _of_slices(
    store: Store, kpi: Kpi, question: Question, pricing: Pricing, told: Iterable[SliceFigures]
) -> list[Figure]:
    found: dict[str, dict[int, SliceFigures]] = {}
    for one in told:
        found.setdefault(one.label, {})[one.slice] = one
    reasons = _reasons(store, kpi, question, pricing, [one.get(_NOW) for one in found.values()] or [None])
    if not question.dimension:
        return [_figure(kpi, question, None, found.get("", {}), pricing, reasons)]
    # What only the stretch before had is not told apart by.
    return [
        _figure(kpi, question, label, slices, pricing, reasons)
        for label, slices in sorted(found.items())
        if slices.keys() - {_BEFORE}
    ]


def _reasons(
    store: Store, kpi: Kpi, question: Question, pricing: Pricing, found: Sequence[SliceFigures | None]
) -> Reasons | None:
    """What says why figures are unknown; None where all is known, as it mostly is, and nothing need be read."""
    if all(is_whole(kpi, one) for one in found):
        return None
    missing: dict[str, list[Unpriced]] = {}
    for one in (kpi, kpi.against) if kpi.statistic.is_of_amounts else ():
        if one is not None:
            asked = (question.since, question.until, question.dimension, question.cases, pricing)
            for label, some in unpriced(store, one, *asked).items():
                missing.setdefault(label, []).extend(some)
    silent = silent_sources(store, kpi, question.until) if kpi.cases.types else []
    return Reasons(kpi, is_kept(store, kpi), missing, pricing.rate_days, silent)


def is_whole(kpi: Kpi, found: SliceFigures | None) -> bool:
    """Whether a figure is known, and of all cases."""
    if value_of(kpi, found) is None:
        return False
    if found is None or not kpi.statistic.is_of_amounts:
        return True
    return not (found.money.unconverted or found.base_unconverted or found.is_too_large)


def _figure(
    kpi: Kpi,
    question: Question,
    label: str | None,
    slices: Mapping[int, SliceFigures],
    pricing: Pricing,
    reasons: Reasons | None,
) -> Figure:
    now = slices.get(_NOW)
    value = value_of(kpi, now)
    return Figure(
        label=label,
        since=question.since,
        until=question.until,
        value=value,
        before=value_of(kpi, slices.get(_BEFORE)),
        closed=_closed(now, pricing),
        open=_open(slices.get(OPEN_SLICE), pricing),
        reason="" if reasons is None or is_whole(kpi, now) else reasons.of(now, is_unknown=value is None),
    )


def slices_of(
    store: Store,
    kpis: Collection[Kpi],
    since: datetime,
    until: datetime,
    slice_: timedelta,
    dimension: Dimension | None,
    cases: CaseFilter,
    pricing: Pricing,
    turn: datetime | None = None,
    *,
    asks_open: bool = True,
) -> dict[str, list[SliceFigures]]:
    """The figures of KPIs' cases by slice and label; those of a ratio beside what they are set against.

    Unless it `asks_open`, those of cases that are still open are left out.
    """
    # A statement costs far more than the cases of one more KPI.
    read = {one.id: one for kpi in kpis for one in (kpi, kpi.against) if one}
    asked = (since, until, slice_, dimension, cases, pricing, turn)
    found = case_figures(store, read.values(), *asked, asks_open=asks_open)
    return {
        kpi.id: _set_against(found[kpi.id], found[kpi.against.id], pricing) if kpi.against else found[kpi.id]
        for kpi in kpis
    }


def _set_against(found: Iterable[SliceFigures], base: Iterable[SliceFigures], pricing: Pricing) -> list[SliceFigures]:
    bases = {(one.slice, one.label): one.money for one in base}
    nothing = Money((), pricing.currency, Decimal(0), 0)
    here = [_against(one, bases.pop((one.slice, one.label), None)) for one in found]
    # Where something was expected and nothing came, the ratio is none at all.
    return here + [
        _against(SliceFigures(*key, 0, None, None, None, None, None, None, nothing), money)
        for key, money in bases.items()
        if key[0] != OPEN_SLICE
    ]


def _against(one: SliceFigures, base: Money | None) -> SliceFigures:
    return one if base is None else replace(one, base=base.total, base_unconverted=base.unconverted)


def value_of(kpi: Kpi, found: SliceFigures | None) -> Decimal | None:
    """The figure of a KPI from its ended cases, in its unit; None where no case decides it.

    Without cases a count and a sum are zero, and a median or a share is unknown.
    """
    if found is None:
        return Decimal(0) if kpi.statistic in (Statistic.SUM, Statistic.TOTAL) else None
    if kpi.statistic is Statistic.TOTAL:
        value: Decimal | float | None = found.money.total
    elif kpi.statistic is Statistic.RATIO:
        value = found.money.total / found.base if found.money.total is not None and found.base else None
    else:
        value = {
            Statistic.MEDIAN: found.median,
            Statistic.MEAN: found.mean,
            Statistic.SUM: found.sum,
            Statistic.LATEST: found.latest,
        }[kpi.statistic]
    return None if value is None else Decimal(value).quantize(NINE_DIGITS, context=EXACT)


def courses(
    store: Store, kpis: Collection[Kpi], question: Question, step: timedelta, pricing: Pricing
) -> dict[str, dict[datetime, Figure]]:
    """The figures of all cases of KPIs, by their id, in each step from `since` on; a step without cases is absent."""
    asked = (question.since, question.until, step, None, question.cases, pricing)
    found = slices_of(store, kpis, *asked, asks_open=False)
    return {
        kpi.id: {
            (start := question.since + one.slice * step): Figure(
                None, start, start + step, value_of(kpi, one), None, _closed(one, pricing), _open(None, pricing)
            )
            for one in found[kpi.id]
        }
        for kpi in kpis
    }


def _closed(found: SliceFigures | None, pricing: Pricing) -> ClosedCases:
    if found is None:
        return ClosedCases(0, None, None, None, None, _no_money(pricing))
    return ClosedCases(found.cases, found.sum, found.mean, found.median, found.p90, found.money)


def _open(found: SliceFigures | None, pricing: Pricing) -> OpenCases:
    if found is None:
        return OpenCases(0, None, None, None, _no_money(pricing))
    return OpenCases(found.cases, found.median, found.p90, found.longest, found.money)


def _no_money(pricing: Pricing) -> Money:
    return Money((), pricing.currency, Decimal(0), 0)
