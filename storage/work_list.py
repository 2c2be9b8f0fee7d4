"""What waits for finance operations: alerts by money and time, with their customers, owners and last notes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from domain.alert import AlertState
from domain.alert_action import NOT_HANDLED, AlertAction, Handling
from domain.alert_evidence import AlertEvidence, facts_digest
from domain.business_object import BusinessObject
from storage.alert_actions import actions_on, handling_of
from storage.alerts import evidence_from
from storage.client import Row, Store
from storage.kpi_cases import Pricing
from storage.on_call import Ownership, held_alerts
from storage.overview import OPEN_STATES
from storage.trace_view import HUB_TYPES

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkWish:
    """Which work is asked for; empty is all. With `accepted` what somebody accepted as it is, else the rest."""

    states: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    ownership: Ownership = Ownership.ALL
    search: str = ""
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class WorkItem:
    """An object that is stuck: what it waits for, behind what, for whom, and what was said of it last.

    `converted` is the amount in the reporting currency, None where it is unknown. `customer` is empty where no event
    names one.
    """

    alert_id: str
    rule: str
    business_object: BusinessObject
    state: AlertState
    severity: str
    started_at: datetime
    deadline_at: datetime
    amount: Decimal | None
    currency: str | None
    converted: Decimal | None
    reason: str
    legal_entity: str | None
    region: str | None
    awaits: tuple[str, ...]
    cause: str
    error: str
    evidence: AlertEvidence
    customer: str = ""
    handling: Handling = NOT_HANDLED
    note: AlertAction | None = None
    accepted: AlertAction | None = None

    def window_gone(self, now: datetime) -> float:
        """The share of its window that is gone; above 1 past the deadline, and where there never was time."""
        length = self.deadline_at - self.started_at
        return (now - self.started_at) / length if length > timedelta(0) else max((now - self.started_at) / _DAY, 1.0)


@dataclass(frozen=True, slots=True)
class WorkPage:
    """Some of the work, the most urgent first, and what all of it comes to.

    `total` is how many alerts there are. `objects` are fewer where one has several: it counts once, and so does its
    money; `unconverted` of them have no known worth.
    """

    items: tuple[WorkItem, ...]
    total: int
    objects: int
    money: Decimal | None
    unconverted: int


NO_WORK = WorkPage((), 0, 0, None, 0)


def work_page(store: Store, wish: WorkWish, now: datetime, pricing: Pricing, limit: int, offset: int = 0) -> WorkPage:
    """One page of the work."""
    accepted = _accepted(store)
    if wish.accepted and not accepted:
        return NO_WORK
    params = {
        "states": list(wish.states or OPEN_STATES),
        "entities": list(wish.entities),
        "regions": list(wish.regions),
        "rules": list(wish.rules),
        "ownership": wish.ownership.value,
        "held": held_alerts(store) if wish.ownership is not Ownership.ALL else [],
        "left_out": [] if wish.accepted else sorted(accepted),
        "only": sorted(accepted) if wish.accepted else [],
        "search": wish.search.strip(),
        "now": now,
        **pricing.params(),
        "limit": limit,
        "offset": offset,
    }
    rows = store.rows("work_list", params)
    if not rows:
        return NO_WORK
    items = _with_people(store, [_item(row) for row in rows])
    first = rows[0]
    return WorkPage(
        tuple(items), first["total"], first["objects"], first["total_converted"], first["total_unconverted"]
    )


def _accepted(store: Store) -> set[str]:
    """The alerts that were accepted as they still stand: one of which the facts are others is not."""
    return {
        row["alert_id"]
        for row in store.rows("accepted_alerts")
        if facts_digest(row["reason"], evidence_from(row["evidence"])) == row["accepted"]
    }


def _with_people(store: Store, items: Sequence[WorkItem]) -> list[WorkItem]:
    """The items with their customers, who has them, and what was said last."""
    ids = [item.alert_id for item in items]
    handling, actions = handling_of(store, ids), actions_on(store, ids)
    customers = _customers(store, [item.business_object for item in items])
    found = []
    for item in items:
        done = actions.get(item.alert_id, [])
        facts = facts_digest(item.reason, item.evidence)
        found.append(
            replace(
                item,
                customer=customers.get(item.business_object, ""),
                handling=handling.get(item.alert_id, NOT_HANDLED),
                note=next((action for action in reversed(done) if action.comment), None),
                accepted=next((action for action in reversed(done) if action.value == facts), None),
            )
        )
    return found


def _customers(store: Store, objects: Sequence[BusinessObject]) -> dict[BusinessObject, str]:
    params = {"objects": [(one.type, one.id) for one in objects], "hubs": sorted(HUB_TYPES)}
    return {
        BusinessObject(row["object_type"], row["object_id"]): row["customer_name"] or row["customer"]
        for row in store.rows("work_list_customers", params)
    }


def _item(row: Row) -> WorkItem:
    cause = " ".join(part for part in (row["cause_service"], row["cause_operation"]) if part)
    return WorkItem(
        alert_id=row["alert_id"],
        rule=row["alert"],
        business_object=BusinessObject(row["object_type"], row["object_id"]),
        state=AlertState(row["state"]),
        severity=row["severity"],
        started_at=row["started_at"],
        deadline_at=row["deadline_at"],
        amount=row["amount"],
        currency=row["currency"] or None,
        converted=row["converted"],
        reason=row["reason"],
        legal_entity=row["legal_entity"] or None,
        region=row["region"] or None,
        awaits=tuple(row["awaits"]),
        cause=cause,
        error=row["cause_error"],
        evidence=evidence_from(row["evidence"]),
    )
