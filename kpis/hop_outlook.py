"""What would wait behind a hop that stays down until the cutoff of the period, legal entity by legal entity."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from domain.hop import Expected, Hop, HopKind, Outlook
from domain.period import Period, Periods
from kpis.hop_figures import Convert, converter, summed
from storage.client import Store
from storage.hops import ArrivedRow, arrived, first_arrival, waiting_rows
from storage.kpi_cases import Pricing

_WEEK = timedelta(weeks=1)
# So many weeks say what is usual; more would say what was.
WEEKS = 4
_UNKNOWN = Expected(0, None, None, None, None, 0)


def hop_outlooks(store: Store, hop: Hop, periods: Periods, at: datetime, pricing: Pricing) -> list[Outlook]:
    """Of each legal entity that something waits of, or that something usually arrives of; by name."""
    convert = converter(store, at, pricing)
    rows = [row for row in waiting_rows(store) if row.hop == hop]
    first = first_arrival(store, hop) if hop.kind is HopKind.CALL else None
    usual: dict[datetime, list[ArrivedRow]] = {}
    entities = {row.legal_entity for row in rows}
    if first is not None:
        # Entities whose periods close together are looked at together.
        for cutoff in {next_cutoff(periods, entity, at).cutoff_at for entity in _entities(periods, entities)}:
            usual[cutoff] = list(arrived(store, hop, at, cutoff, _every(cutoff - at), WEEKS))
        entities |= {
            row.legal_entity
            for cutoff, found in usual.items()
            for row in found
            if next_cutoff(periods, row.legal_entity, at).cutoff_at == cutoff
        }
    outlooks = []
    for entity in sorted(entities):
        period = next_cutoff(periods, entity, at)
        now = summed((row for row in rows if row.legal_entity == entity), convert)
        weeks = _known_weeks(first, at, period.cutoff_at)
        some = [row for row in usual.get(period.cutoff_at, ()) if row.legal_entity == entity and row.stretch <= weeks]
        expected = _expected(some, weeks, convert)
        amount, unconverted = now.total, now.unconverted
        outlooks.append(Outlook(entity, period.name, period.cutoff_at, now.objects, amount, unconverted, expected))
    return outlooks


def next_cutoff(periods: Periods, legal_entity: str, at: datetime) -> Period:
    """The period whose cutoff comes next: that before the current one while it is still being closed."""
    current = periods.period(legal_entity, at)
    day = timedelta(days=1)
    before, probe = current, at
    while before.name == current.name:
        probe -= day
        before = periods.period(legal_entity, probe)
    return before if before.cutoff_at > at else current


def _entities(periods: Periods, known: set[str]) -> set[str]:
    # An entity that is not named in a scheme, and so the default's.
    return {*known, *periods.by_legal_entity, ""}


def _every(length: timedelta) -> timedelta:
    """How far apart stretches lie: whole weeks, so that hours and weekdays are the same, and none overlaps."""
    return max(ceil(length / _WEEK), 1) * _WEEK


def _known_weeks(first: datetime | None, at: datetime, cutoff: datetime) -> int:
    """Of how many stretches before it is known all that arrived."""
    if first is None:
        return 0
    every = _every(cutoff - at)
    return sum(first <= at - number * every for number in range(1, WEEKS + 1))


def _expected(rows: Sequence[ArrivedRow], weeks: int, convert: Convert) -> Expected:
    if not weeks:
        return _UNKNOWN
    amounts = [Decimal(0)] * weeks
    unconverted = 0
    for row in rows:
        converted = convert(row.amount, row.currency) if row.currency else None
        if converted is None:
            unconverted += row.objects
        else:
            amounts[row.stretch - 1] += converted
    objects = Decimal(sum(row.objects for row in rows)) / weeks
    if unconverted and not any(amounts):
        return Expected(weeks, objects, None, None, None, unconverted)
    mean = (sum(amounts, Decimal(0)) / weeks).quantize(Decimal("0.01"))
    return Expected(weeks, objects.quantize(Decimal("0.1")), mean, min(amounts), max(amounts), unconverted)
