"""A hop: what work crosses on its way from one system to the next, how that goes, and what waits behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class HopKind(StrEnum):
    """What a hop is: calls between services, a queue of the middleware, or the door at which inputs are refused."""

    CALL = "call"
    QUEUE = "queue"
    DOOR = "door"


class Hop(NamedTuple):
    """One hop; a queue has its name in `to_service`, and a caller that no span tells of is empty."""

    kind: HopKind
    from_service: str
    to_service: str

    @property
    def id(self) -> str:
        """What commands and the API take for it."""
        return f"queue:{self.to_service}" if self.kind is HopKind.QUEUE else f"{self.from_service}->{self.to_service}"

    @property
    def name(self) -> str:
        """What people call it."""
        if self.kind is HopKind.QUEUE:
            return f"queue {self.to_service or 'without a name'}"
        return f"{self.from_service or 'unknown'} → {self.to_service or 'unknown'}"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls over a hop: how many, how many of them failed, and seconds that 50, 95 and 99 of 100 took at most."""

    calls: int
    failed: int
    p50: float
    p95: float
    p99: float

    @property
    def error_rate(self) -> float:
        """The share of the calls that failed; there is at least one."""
        return self.failed / self.calls


@dataclass(frozen=True, slots=True)
class WaitingSum:
    """Objects of one legal entity whose amounts are in one currency; in none where the amounts are unknown."""

    legal_entity: str
    currency: str | None
    amount: Decimal | None
    objects: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits behind a hop: the objects, how many of them have an open alert, since when the first waits.

    `total` is in the reporting currency, of the objects whose amount could be converted; `unconverted` could not.
    """

    objects: int
    alerting: int
    oldest_at: datetime | None
    sums: tuple[WaitingSum, ...]
    total: Decimal | None
    unconverted: int

    @property
    def by_currency(self) -> Mapping[str, Decimal]:
        """The known amounts, currency by currency."""
        found: dict[str, Decimal] = {}
        for one in self.sums:
            if one.currency is not None and one.amount is not None:
                found[one.currency] = found.get(one.currency, Decimal(0)) + one.amount
        return dict(sorted(found.items()))

    @property
    def unknown(self) -> int:
        """The objects of which no amount is known."""
        return sum(one.objects for one in self.sums if one.currency is None)


@dataclass(frozen=True, slots=True)
class Queue:
    """What the middleware said of a queue last; None where it never did."""

    depth: int | None
    oldest_at: datetime | None
    measured_at: datetime | None
    parked: int


@dataclass(frozen=True, slots=True)
class HopFigures:
    """A hop over [since, until): its traffic, None where no call ended in it, and what waits behind it now."""

    hop: Hop
    since: datetime
    until: datetime
    traffic: Traffic | None
    queue: Queue | None
    waiting: Waiting

    @property
    def rate(self) -> float | None:
        """Calls a minute; None where nothing is known of calls."""
        if self.hop.kind is not HopKind.CALL or self.traffic is None:
            return None
        return self.traffic.calls / ((self.until - self.since).total_seconds() / 60)

    @property
    def backlog(self) -> int | None:
        """How deep the queue was when it was measured last; of other hops, the objects that wait behind them."""
        return (self.queue.depth if self.queue else None) if self.hop.kind is HopKind.QUEUE else self.waiting.objects


@dataclass(frozen=True, slots=True)
class HopList:
    """All hops, those that most waits behind first; calls are counted up to `through`, None before any was."""

    hops: Sequence[HopFigures]
    reporting_currency: str
    through: datetime | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What usually arrives in a stretch of time, by what arrived in as long a one at the same hours of weeks before.

    `weeks` is how many such stretches there are; without any the rest is None. Amounts are in the reporting currency.
    """

    weeks: int
    objects: Decimal | None
    amount: Decimal | None
    least: Decimal | None
    most: Decimal | None
    unconverted: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would wait behind a hop of one legal entity if it stayed down until the cutoff of the period.

    In the reporting currency: what waits now, what usually arrives until then, and both; None where it is unknown.
    """

    legal_entity: str
    period: str
    cutoff_at: datetime
    objects: int
    amount: Decimal | None
    unconverted: int
    expected: Expected

    @property
    def at_cutoff(self) -> Decimal | None:
        """What would wait then; None where what arrives is unknown, or none of what waits could be converted."""
        if self.expected.amount is None or (self.amount is None and self.objects):
            return None
        return (self.amount or Decimal(0)) + self.expected.amount

    @property
    def confidence(self) -> str:
        """How sure it is, in a word: unknown without history, low on a week or a wide spread, else medium or high."""
        if not self.expected.weeks or self.expected.amount is None:
            return "unknown"
        spread = (self.expected.most or Decimal(0)) - (self.expected.least or Decimal(0))
        if self.expected.weeks < 2 or self.expected.unconverted or self.unconverted or spread > self.expected.amount:
            return "low"
        return "high" if self.expected.weeks >= 4 and 2 * spread <= self.expected.amount else "medium"
