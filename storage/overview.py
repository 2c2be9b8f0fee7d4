"""What the console's overview reads: open alerts, the money behind them, how work flows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.alert import AlertState
from domain.business_object import BusinessObject
from storage.client import Row, Store

OPEN_STATES = tuple(state for state in AlertState if state.is_open)


@dataclass(frozen=True, slots=True)
class MoneyAtRisk:
    """What is behind the open alerts of one state in one currency; `currency` is None where none was stated.

    `amount` is None where no object stated one; `unknown` objects stated none and are not in it.
    """

    state: AlertState
    currency: str | None
    objects: int
    unknown: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class RuleCount:
    """The open alerts of one rule in one state and currency; `amount` is None where no alert has one."""

    rule: str
    state: AlertState
    currency: str | None
    alerts: int
    unknown: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert somebody may have to act on, as a line of a list."""

    alert_id: str
    rule: str
    business_object: BusinessObject
    state: AlertState
    started_at: datetime
    deadline_at: datetime
    severity: str
    amount: Decimal | None
    currency: str | None
    reason: str
    legal_entity: str | None
    region: str | None
    intervention: str = ""


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Some of the open alerts, and how many there are in all."""

    alerts: tuple[OpenAlert, ...]
    total: int


@dataclass(frozen=True, slots=True)
class OrderFlow:
    """How the orders approved in a stretch of time fared.

    Decided are those posted or past their deadline; of them `late` had an alert that fired. The median from
    approval to posting is None where none was posted.
    """

    approved: int = 0
    decided: int = 0
    late: int = 0
    posted: int = 0
    median: timedelta | None = None

    @property
    def share_in_time(self) -> float | None:
        """The share of the decided orders that was in time; None while none is decided."""
        return (self.decided - self.late) / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Throughput:
    """How many milestones of each type occurred in each slice of time; a slice without any is absent."""

    since: datetime
    until: datetime
    slice: timedelta
    counts: dict[str, dict[datetime, int]]


def money_at_risk(store: Store, entities: Sequence[str], regions: Sequence[str] = ()) -> list[MoneyAtRisk]:
    """What is behind the open alerts of these legal entities and regions; all of them when none is named."""
    rows = store.rows("console_money_at_risk", {"entities": list(entities), "regions": list(regions)})
    return [
        MoneyAtRisk(
            AlertState(row["state"]),
            row["currency"] or None,
            row["objects"],
            row["objects_without_amount"],
            row["amount"],
        )
        for row in rows
    ]


def alert_counts(store: Store, entities: Sequence[str], regions: Sequence[str] = ()) -> list[RuleCount]:
    """How many alerts are open under each rule."""
    rows = store.rows("console_alert_counts", {"entities": list(entities), "regions": list(regions)})
    return [
        RuleCount(
            row["alert"],
            AlertState(row["state"]),
            row["currency"] or None,
            row["alerts"],
            row["alerts_without_amount"],
            row["total_amount"],
        )
        for row in rows
    ]


def open_alerts(
    store: Store, entities: Sequence[str], limit: int, offset: int = 0, regions: Sequence[str] = ()
) -> AlertPage:
    """One page of the open alerts, the most urgent first."""
    params = {"entities": list(entities), "regions": list(regions), "limit": limit, "offset": offset}
    rows = store.rows("console_open_alerts", params)
    alerts = tuple(map(open_alert, rows))
    return AlertPage(alerts, rows[0]["total"] if rows else 0)


def open_alert(row: Row) -> OpenAlert:
    """A line of a list of alerts."""
    return OpenAlert(
        alert_id=row["alert_id"],
        rule=row["alert"],
        business_object=BusinessObject(row["object_type"], row["object_id"]),
        state=AlertState(row["state"]),
        started_at=row["started_at"],
        deadline_at=row["deadline_at"],
        severity=row["severity"],
        amount=row["amount"],
        currency=row["currency"] or None,
        reason=row["reason"],
        legal_entity=row["legal_entity"] or None,
        region=row["region"] or None,
        intervention=row["intervention"],
    )


def order_flow(
    store: Store, until: datetime, length: timedelta, entities: Sequence[str], regions: Sequence[str] = ()
) -> tuple[OrderFlow, OrderFlow]:
    """How the orders approved in the last `length` fared, and those of the stretch of that length before it."""
    params = {
        "since": until - 2 * length,
        "middle": until - length,
        "until": until,
        "entities": list(entities),
        "regions": list(regions),
    }
    found = {
        bool(row["is_current"]): OrderFlow(
            row["approved"],
            row["decided"],
            row["late"],
            row["posted"],
            timedelta(seconds=row["median_seconds"]) if row["posted"] else None,
        )
        for row in store.rows("console_order_flow", params)
    }
    return found.get(True, OrderFlow()), found.get(False, OrderFlow())


def throughput(
    store: Store,
    since: datetime,
    until: datetime,
    slice_: timedelta,
    entities: Sequence[str],
    regions: Sequence[str] = (),
) -> Throughput:
    """How many milestones of each type occurred in each slice of a stretch of time."""
    params = {
        "since": since,
        "until": until,
        "slice_seconds": int(slice_.total_seconds()),
        "entities": list(entities),
        "regions": list(regions),
    }
    counts: dict[str, dict[datetime, int]] = {}
    for type_, slice_at, events in store.tuples("console_throughput", params)[1]:
        counts.setdefault(type_, {})[slice_at] = events
    return Throughput(since, until, slice_, counts)


def legal_entities(store: Store) -> list[str]:
    """The legal entities that milestones have named, by name."""
    return [row["legal_entity"] for row in store.rows("console_legal_entities")]


def regions(store: Store) -> list[str]:
    """The regions that milestones have named, by name."""
    return [row["region"] for row in store.rows("console_regions")]
