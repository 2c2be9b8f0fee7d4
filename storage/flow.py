"""How work flows in the store: counts of handoffs, kept in line with what arrives, and the objects behind one."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from domain.flow import DURATION_BOUNDS_US, Handoff, HandoffCount, Standing, told_duration
from domain.instants import EPOCH
from domain.kpi import Money, MoneySum
from storage.client import Row, Store
from storage.kpi_cases import Pricing
from storage.sql_files import load_query
from storage.trace_view import HUB_TYPES

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# So few objects are found faster by when they made a handoff than by a look at all.
_FEW = 100_000
# More are not named in a statement, which then looks for them itself.
_MANY_REPEATED = 1_000


def layout() -> str:
    """The name of how handoffs are counted; it changes with what decides the cells, and others are not read."""
    decisive = (load_query("keep_flow_counts").text, DURATION_BOUNDS_US, sorted(HUB_TYPES))
    return hashlib.sha256(repr(decisive).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class FlowFilter:
    """Whose handoffs count; empty is all."""

    object_types: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def params(self) -> dict[str, object]:
        """As statements take it."""
        return {
            "object_types": list(self.object_types),
            "entities": list(self.entities),
            "regions": list(self.regions),
        }


ALL_FLOW = FlowFilter()


@dataclass(frozen=True, slots=True)
class HandoffObject:
    """An object that made a handoff, or (without `to_at`) waits to; `took` is how long it took, or has waited."""

    object_type: str
    object_id: str
    from_at: datetime
    to_at: datetime | None
    took: timedelta
    amount: Decimal | None
    currency: str
    legal_entity: str
    region: str


def keep_counts(store: Store, after: datetime | None, through: datetime, *, touched: bool) -> None:
    """Brings the counts in line with what was received by `through`; None: nothing was counted before.

    Unless it is `touched`, and only the objects count that events have named since, all do.
    """
    params = {
        "layout": layout(),
        "touched": touched,
        "after": after or EPOCH - DAY,
        "through": through,
        "hubs": sorted(HUB_TYPES),
        "bounds": list(DURATION_BOUNDS_US),
    }
    store.run("keep_flow_counts", params)


def flow_arrivals(store: Store, after: datetime, through: datetime) -> int:
    """How many milestones were received in (after, through]."""
    arrived: int = store.rows("flow_arrivals", {"after": after, "through": through})[0]["arrived"]
    return arrived


def handoffs(store: Store, since: datetime, until: datetime, which: FlowFilter = ALL_FLOW) -> list[HandoffCount]:
    """What was counted in the whole hours of [since, until)."""
    since_hour, until_hour = hours(since), hours(until)
    params = {
        "layout": layout(),
        "since_hour": since_hour,
        "until_hour": until_hour,
        "first_day": -(-since_hour // 24) * 24,
        "last_day": until_hour // 24 * 24,
        **which.params(),
    }
    return [_count(row) for row in store.rows("flow_handoffs", params)]


def standing(store: Store, priced_on: date, pricing: Pricing, which: FlowFilter = ALL_FLOW) -> list[Standing]:
    """Where the objects stand now, with their amounts."""
    params = {
        "layout": layout(),
        "priced_on": priced_on,
        **pricing.params(),
        **which.params(),
    }
    found: dict[tuple[str, str], list[Row]] = {}
    for row in store.rows("flow_standing", params):
        found.setdefault((row["object_type"], row["at_type"]), []).append(row)
    return [
        Standing(object_type, at_type, sum(row["objects"] for row in rows), _money(rows, pricing.currency))
        for (object_type, at_type), rows in found.items()
    ]


def handoff_objects(
    store: Store,
    handoff: Handoff,
    since: datetime,
    until: datetime,
    now: datetime,
    which: FlowFilter,
    *,
    is_waiting: bool,
    limit: int,
    offset: int = 0,
) -> tuple[list[HandoffObject], int]:
    """A page of the objects behind a handoff, those that took longest first, and how many there are in all."""
    counted = sum(one.steps for one in handoffs(store, since, until, which) if one.handoff == handoff)
    repeated = _repeated(store, handoff.object_type)
    params = {
        "object_type": handoff.object_type,
        "from_type": handoff.from_type,
        "to_type": handoff.to_type,
        "is_waiting": is_waiting,
        "narrowed": not is_waiting and counted < _FEW,
        "is_much_repeated": len(repeated) > _MANY_REPEATED,
        "repeated": repeated[:_MANY_REPEATED],
        "since": since,
        "until": until,
        "now": now,
        "entities": list(which.entities),
        "regions": list(which.regions),
        "limit": limit,
        "offset": offset,
    }
    rows = store.rows("flow_objects", params)
    facts = _facts(store, handoff.object_type, [row["object_id"] for row in rows])
    # One whose events were put right in between is there no more.
    found = [_object(handoff.object_type, row, facts[row["object_id"]]) for row in rows if row["object_id"] in facts]
    return found, rows[0]["total"] if rows else 0


def _repeated(store: Store, object_type: str) -> list[str]:
    params = {"object_type": object_type, "limit": _MANY_REPEATED + 1}
    return [row["object_id"] for row in store.rows("flow_repeated", params)]


def _facts(store: Store, object_type: str, object_ids: Sequence[str]) -> dict[str, Row]:
    params = {"object_type": object_type, "object_ids": list(object_ids)}
    rows = store.rows("flow_object_facts", params) if object_ids else []
    return {row["object_id"]: row for row in rows}


def _object(object_type: str, row: Row, facts: Row) -> HandoffObject:
    return HandoffObject(
        object_type,
        row["object_id"],
        row["from_at"],
        row["to_at"],
        timedelta(seconds=row["seconds"]),
        facts["amount"],
        facts["currency"],
        facts["legal_entity"],
        facts["region"],
    )


def late_objects(
    store: Store, rules: Iterable[str], since: datetime, until: datetime, which: FlowFilter
) -> dict[str, tuple[int, int]]:
    """How many objects were late under each rule, and how many of them still wait; a rule without any is left out."""
    params = {
        "rules": sorted(rules),
        "since": since,
        "until": until,
        "entities": list(which.entities),
        "regions": list(which.regions),
    }
    return {row["alert"]: (row["late"], row["waiting"]) for row in store.rows("flow_late", params)}


def dimensions(store: Store) -> FlowFilter:
    """All that there is to choose from."""
    [row] = store.rows("flow_dimensions", {"layout": layout()})
    return FlowFilter(tuple(row["object_types"]), tuple(row["entities"]), tuple(row["regions"]))


def hours(at: datetime) -> int:
    """How many whole hours an instant is after 1970."""
    return (at - EPOCH) // HOUR


def whole_hours(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """A stretch of time widened to whole hours, in which handoffs are counted."""
    last = hours(until) + (1 if (until - EPOCH) % HOUR else 0)
    return (EPOCH + hours(since) * HOUR).astimezone(UTC), (EPOCH + last * HOUR).astimezone(UTC)


def _count(row: Row) -> HandoffCount:
    begins = not row["from_type"]
    return HandoffCount(
        Handoff(row["object_type"], row["from_type"], row["to_type"]),
        row["steps"],
        row["objects"],
        row["repeated"],
        None if begins else told_duration(row["median_us"]),
        None if begins else told_duration(row["p90_us"]),
    )


def _money(rows: Sequence[Row], reporting_currency: str) -> Money:
    sums = tuple(
        MoneySum(
            row["currency"] or None,
            None if row["objects"] == row["unknown"] else row["amount"],
            row["objects"],
            row["unknown"],
        )
        for row in rows
    )
    converted = [row["converted"] for row in rows if row["converted"] is not None]
    total = sum(converted, Decimal(0)) if converted else None
    return Money(sums, reporting_currency, total, sum(row["unconverted"] for row in rows))
