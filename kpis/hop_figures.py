"""What hops come to: their traffic over a stretch of time, and what waits behind each in the reporting currency."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from domain.conversion import EXACT, Convert, conversion
from domain.hop import Hop, HopFigures, HopKind, HopList, Traffic, Waiting, WaitingSum
from kpis.hop_keeper import kept_through, whole_minute
from storage.client import Store
from storage.fx_rates import latest_rates
from storage.hops import MINUTE, WaitingRow, call_figures, queues, waiting_rows
from storage.kpi_cases import Pricing

NOTHING_WAITS = Waiting(0, 0, None, (), Decimal(0), 0)


class HopCourse(NamedTuple):
    """How a hop went in even steps from `since` on; a step without a call is None."""

    since: datetime
    step: timedelta
    steps: tuple[Traffic | None, ...]


def hop_list(store: Store, since: datetime, until: datetime, pricing: Pricing) -> HopList:
    """Every hop that calls went over in [since, until), that a queue tells of, or that something waits behind.

    Both instants are taken as the beginning of their minutes. What waits is so now.
    """
    since, until = whole_minute(since), whole_minute(until)
    calls = {hop: slices[0] for hop, slices in call_figures(store, since, until).items()}
    depths = queues(store, until)
    waiting = _waiting_behind(waiting_rows(store), converter(store, until, pricing))
    hops = [
        HopFigures(hop, since, until, calls.get(hop), depths.get(hop), waiting.get(hop, NOTHING_WAITS))
        for hop in sorted({*calls, *depths, *waiting})
    ]
    hops.sort(key=_gravest_first)
    return HopList(hops, pricing.currency, kept_through(store))


def hop_courses(store: Store, since: datetime, until: datetime, steps: int) -> dict[Hop, HopCourse]:
    """How each hop that calls went over did so, in so many even steps of whole minutes that end at `until`."""
    until = whole_minute(until)
    minutes = max(-(-int((until - whole_minute(since)) / MINUTE) // steps), 1)
    step = minutes * MINUTE
    since = until - steps * step
    return {
        hop: HopCourse(since, step, tuple(slices.get(number) for number in range(steps)))
        for hop, slices in call_figures(store, since, until, step).items()
    }


def converter(store: Store, at: datetime, pricing: Pricing) -> Convert:
    """Converts at the rates of an instant's day: of each currency the latest by then that is not too old."""
    rates = latest_rates(store, at.date(), pricing.rate_days)
    return conversion(rates, pricing.rates_in or pricing.currency, pricing.currency)


def summed(rows: Iterable[WaitingRow], convert: Convert) -> Waiting:
    """What rows of one hop come to together."""
    rows = list(rows)
    sums: list[WaitingSum] = []
    total: Decimal | None = None
    unconverted = 0
    for row in rows:
        sums.append(
            WaitingSum(row.legal_entity, row.currency or None, row.amount if row.currency else None, row.objects)
        )
        converted = convert(row.amount, row.currency) if row.currency else None
        if converted is None:
            unconverted += row.objects
        else:
            total = EXACT.add(converted, total or Decimal(0))
    return Waiting(
        objects=sum(row.objects for row in rows),
        alerting=sum(row.alerting for row in rows),
        oldest_at=min((row.oldest_at for row in rows), default=None),
        sums=tuple(sums),
        total=total if rows else Decimal(0),
        unconverted=unconverted,
    )


def _waiting_behind(rows: Sequence[WaitingRow], convert: Convert) -> Mapping[Hop, Waiting]:
    found: dict[Hop, list[WaitingRow]] = {}
    for row in rows:
        found.setdefault(row.hop, []).append(row)
    return {hop: summed(some, convert) for hop, some in found.items()}


def _gravest_first(one: HopFigures) -> tuple[Decimal, int, float, int, Hop]:
    failed = one.traffic.error_rate if one.traffic else 0.0
    kind = list(HopKind).index(one.hop.kind)
    return (-(one.waiting.total or Decimal(0)), -one.waiting.objects, -failed, kind, one.hop)
