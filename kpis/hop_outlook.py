"""What would wait behind a hop that stays down until the cutoff of the period, legal entity by legal entity."""

import functools
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from math import ceil

from domain.conversion import EXACT, Convert
from domain.hop import Expected, Hop, HopKind, Outlook
from domain.period import Period, Periods
from kpis.hop_figures import converter, summed
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
    usual: dict[datetime, list[list[ArrivedRow]]] = {}
    entities = {row.legal_entity for row in rows}
    if first is not None:
        # Entities whose periods close together are looked at together.
        for cutoff in {next_cutoff(periods, entity, at).cutoff_at for entity in _entities(periods, entities)}:
            usual[cutoff] = _arrived_before(store, hop, at, cutoff, _known_weeks(first, at, cutoff))
        entities |= {
            row.legal_entity
            for cutoff, stretches in usual.items()
            for row in chain.from_iterable(stretches)
            if next_cutoff(periods, row.legal_entity, at).cutoff_at == cutoff
        }
    outlooks = []
    for entity in sorted(entities):
        period = next_cutoff(periods, entity, at)
        now = summed((row for row in rows if row.legal_entity == entity), convert)
        stretches = [[row for row in some if row.legal_entity == entity] for some in usual.get(period.cutoff_at, ())]
        expected = _expected(stretches, convert)
        amount, unconverted = now.total, now.unconverted
        outlooks.append(Outlook(entity, period.name, period.cutoff_at, now.objects, amount, unconverted, expected))
    return outlooks


def next_cutoff(periods: Periods, legal_entity: str, at: datetime) -> Period:
    """The period whose cutoff comes next, as the close takes it."""
    return periods.scheme(legal_entity).closing(at)


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


def _arrived_before(store: Store, hop: Hop, at: datetime, cutoff: datetime, weeks: int) -> list[list[ArrivedRow]]:
    """What arrived in each of the stretches before, the latest first."""
    every = _every(cutoff - at)
    return [arrived(store, hop, at - number * every, cutoff - number * every) for number in range(1, weeks + 1)]


def _expected(stretches: Sequence[Sequence[ArrivedRow]], convert: Convert) -> Expected:
    weeks = len(stretches)
    if not weeks:
        return _UNKNOWN
    amounts: list[Decimal] = []
    objects = unconverted = 0
    for rows in stretches:
        amounts.append(Decimal(0))
        for row in rows:
            objects += row.objects
            converted = convert(row.amount, row.currency) if row.currency else None
            if converted is None:
                unconverted += row.objects
            else:
                amounts[-1] = EXACT.add(amounts[-1], converted)
    each = (Decimal(objects) / weeks).quantize(Decimal("0.1"))
    if unconverted and not any(amounts):
        return Expected(weeks, each, None, None, None, unconverted)
    total = functools.reduce(EXACT.add, amounts)
    mean = EXACT.quantize(EXACT.divide(total, Decimal(weeks)), Decimal("0.01"))
    return Expected(weeks, each, mean, min(amounts), max(amounts), unconverted)
