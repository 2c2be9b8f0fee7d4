"""What the demo company sends, and when: a pure function of the seed and the day the demo starts on.

Three streams of cases: the ordinary business of each day, one case struck by a fault in every stretch that the
fault names, and the web shop's small orders of each minute once the demo is live. A case is drawn from its own
random numbers, so that it comes out the same whenever and however often it is asked for.
"""

import heapq
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from domain.instants import format_instant
from domain.money import format_amount
from milepost.demo.case import Case, Happening
from milepost.demo.company import (
    CUSTOMERS,
    EARLIEST_LOCAL_START,
    ENTITIES,
    ENTITY_BY_CODE,
    PRODUCTS,
    WOUND_DOWN,
    LegalEntity,
    case_starts,
    dice,
    midnight,
)
from milepost.demo.faults import RECURRING, RESENT_SHARE, ErpPostingStuck, Fault, FlakyInvoiceSync
from milepost.demo.forecast import forecast_case
from milepost.demo.traces import SpanPlan, spans_of, trace_id, traceparent
from milepost.demo.workflow import OFFICE_PACE, SUBSCRIPTION_SHARE, WEB_SHOP_PACE, Deal, Pace, write_case

# Faults and web shop minutes are numbered from here.
NUMBERED_FROM = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# A web shop case takes some minutes; with this lead every step of it is seen as soon as the demo is live.
WEB_SHOP_LEAD = timedelta(minutes=10)
# The posting lock came with the evening batch of the day before, so it is at least six hours old at any start.
LOCKED_BEFORE_MIDNIGHT = timedelta(hours=6)
# A case of the lock begins this long before its order can be due in the ERP at the latest.
_LOCK_LEAD = timedelta(days=1)
TRACED_DAYS = 1
WEB_SHOP_ENTITIES = ("GB01", "US01", "JP01")
WEB_SHOP_PRODUCTS = tuple(product for product in PRODUCTS if product.scale < 0.5)
# The watched handoffs: what ends one, and what began it.
HANDOFFS = {
    "order.created": "quote.approved",
    "order.posted": "order.approved",
    "billing.configured": "contract.activated",
    "invoice.visible_in_crm": "invoice.posted",
    "payment.visible_to_account": "payment.received",
}

Event = dict[str, object]


@dataclass(frozen=True)
class Due:
    """What is to be sent by an instant, in the order in which it would have been sent."""

    events: list[Event] = field(default_factory=list)
    spans: list[SpanPlan] = field(default_factory=list)


def event_id(case: Case, happening: Happening) -> str:
    """The id of a step's event: the same at every run."""
    key = f":{happening.key}" if happening.key else ""
    return f"{case.correlation_id}:{happening.type}{key}"


def cloud_event(seed: int, case: Case, happening: Happening) -> Event:
    """A step as the CloudEvent that its system sends."""
    objects = [
        {"type": each.type, "id": each.id} | ({"qualifier": each.qualifier} if each.qualifier else {})
        for each in happening.objects
    ]
    event: Event = {
        "specversion": "1.0",
        "id": event_id(case, happening),
        "source": happening.source,
        "type": happening.type,
        "time": format_instant(happening.happened_at),
        "correlationid": case.correlation_id,
        "traceparent": traceparent(seed, case, happening),
        "dataschema": f"{happening.type}/1",
        "datacontenttype": "application/json",
        "data": {
            "objects": objects,
            "amount": format_amount(happening.amount, case.entity.currency),
            "currency": case.entity.currency,
            "legal_entity": case.entity.code,
            "region": case.entity.region,
            "attributes": {
                "tier": case.customer.tier,
                "customer": case.customer.name,
                "product": case.product.name,
                "channel": case.channel,
            }
            | happening.attributes,
        },
    }
    if happening.cause is not None:
        event["causationid"] = event_id(case, happening.cause)
    return event


class Traffic:
    """The company's cases from `days` before the start's day on; `due` hands out what each instant brings.

    The web shop opens some minutes before the start, with `rate` orders a minute.
    """

    def __init__(self, seed: int, start: datetime, days: int, rate: int, posted: Container[str] = frozenset()) -> None:
        """`posted` are orders that somebody had posted meanwhile: the ERP does not post them again."""
        self._seed, self._rate, self._posted = seed, rate, posted
        today = midnight(start.astimezone(UTC).date())
        self._history_since = today - timedelta(days=days)
        self._traced_since = today - timedelta(days=TRACED_DAYS)
        self.lock = ErpPostingStuck(today - LOCKED_BEFORE_MIDNIGHT)
        self._next_day = self._history_since.date()
        self._next_minute = (start - WEB_SHOP_LEAD - NUMBERED_FROM) // MINUTE
        # Of the company that is wound down only what is over by the day of the start is ever told.
        self._settled_by: datetime | None = today
        recurring = [(fault, self._slot(fault, self._history_since) + 1) for fault in RECURRING]
        self._slots: list[tuple[Fault, int]] = [
            (self.lock, self._slot(self.lock, self.lock.since - _LOCK_LEAD)),
            *recurring,
        ]
        self._waiting: list[tuple[datetime, int, SpanPlan | tuple[Case, Happening]]] = []
        self._order = count()
        self._handed_out_until = self._history_since

    def due(self, until: datetime) -> Due:
        """Everything that is sent up to and at an instant and has not been handed out before."""
        for case in self._cases_begun_by(until):
            self._schedule(case)
        due = Due()
        while self._waiting and self._waiting[0][0] <= until:
            item = heapq.heappop(self._waiting)[2]
            if isinstance(item, SpanPlan):
                due.spans.append(item)
            elif not self._is_posted(*item):
                due.events.append(cloud_event(self._seed, *item))
        self._handed_out_until = until
        return due

    def half_done(self) -> Due:
        """What ends the handoffs of the web shop that have begun; seconds away, but not yet due.

        Other cases are sent in full by the next run. The web shop's are not, and a handoff cut in the middle
        would be an alert about nothing but the end of the demo.
        """
        due = Due()
        waiting = [item for _, _, item in sorted(self._waiting, key=lambda entry: entry[:2])]
        ended_at: dict[int, datetime] = {}
        for item in waiting:
            if not isinstance(item, SpanPlan) and item[0].channel == "web" and self._has_begun(*item):
                due.events.append(cloud_event(self._seed, *item))
                ended_at[trace_id(self._seed, *item)] = item[1].happened_at
        for item in waiting:
            if isinstance(item, SpanPlan) and item.trace_id in ended_at and item.start <= ended_at[item.trace_id]:
                due.spans.append(item)
        return due

    def _is_posted(self, case: Case, happening: Happening) -> bool:
        return happening.type == "order.posted" and f"O-{case.number}" in self._posted

    def _has_begun(self, case: Case, happening: Happening) -> bool:
        beginning = HANDOFFS.get(happening.type)
        return any(
            each.type == beginning and each.key == happening.key and each.happened_at <= self._handed_out_until
            for each in case.happenings
        )

    def _cases_begun_by(self, until: datetime) -> Iterator[Case]:
        if self._settled_by is not None:
            yield from self._settled_cases(self._settled_by)
            self._settled_by = None
        while midnight(self._next_day) - EARLIEST_LOCAL_START <= until:
            for index, entity in enumerate(ENTITIES):
                if self._next_day.day == 1 or self._next_day == self._history_since.date():
                    yield forecast_case(entity, self._next_day, self._history_since)
                yield from self._ordinary_cases(entity, index)
            self._next_day += timedelta(days=1)
        for position, (fault, slot) in enumerate(self._slots):
            end = self._slot(fault, until) + 1
            for each in range(slot, end):
                yield from self._struck_case(fault, each)
            self._slots[position] = (fault, max(slot, end))
        while NUMBERED_FROM + self._next_minute * MINUTE <= until:
            for index in range(self._rate):
                yield self._web_shop_case(self._next_minute, index)
            self._next_minute += 1

    def _ordinary_cases(self, entity: LegalEntity, index: int) -> Iterator[Case]:
        day = self._next_day
        starts = case_starts(dice(self._seed, "day", entity.code, day), entity, day)
        for position, started_at in enumerate(starts):
            # Six digits, unique among a thousand days and two hundred cases per entity and day.
            number = f"{day.toordinal() % 1000:03d}{index * 200 + position:03d}"
            case = self._write(number, entity, started_at, "sales", OFFICE_PACE)
            if not self.lock.concerns(case):
                yield case

    def _settled_cases(self, by: datetime) -> Iterator[Case]:
        day = self._history_since.date()
        while midnight(day) < by:
            starts = case_starts(dice(self._seed, "day", WOUND_DOWN.code, day), WOUND_DOWN, day)
            for position, started_at in enumerate(starts):
                number = f"{day.toordinal() % 1000:03d}{len(ENTITIES)}{position:03d}"
                # From stock and paid at once, so that it bills until the end, and is not taken for one that stands.
                case = self._write(number, WOUND_DOWN, started_at, "sales", WEB_SHOP_PACE)
                if all(each.happened_at < by for each in case.happenings):
                    yield case
            day += timedelta(days=1)

    def _struck_case(self, fault: Fault, slot: int) -> Iterator[Case]:
        rng = dice(self._seed, "fault", fault.code, slot)
        entity = ENTITY_BY_CODE[rng.choice(fault.entities)]
        started_at = NUMBERED_FROM + (slot + rng.random()) * fault.every
        number = f"{fault.code}{slot:07d}"
        case = self._write(number, entity, started_at, "sales", OFFICE_PACE, fault.subscription)
        if self.lock.concerns(case) == (fault is self.lock):
            fault.strike(case, rng)
            case.fault = type(fault).__name__
            yield case

    def _web_shop_case(self, minute: int, index: int) -> Case:
        number = f"{minute:08d}{index:03d}"
        rng = dice(self._seed, "web", number)
        entity = ENTITY_BY_CODE[rng.choice(WEB_SHOP_ENTITIES)]
        started_at = NUMBERED_FROM + (minute + rng.random()) * MINUTE
        return self._write(number, entity, started_at, "web", WEB_SHOP_PACE)

    def _write(
        self,
        number: str,
        entity: LegalEntity,
        started_at: datetime,
        channel: str,
        pace: Pace,
        subscription: bool = False,
    ) -> Case:
        rng = dice(self._seed, "case", number)
        customers = CUSTOMERS[entity.code]
        if channel == "web":
            # The web shop serves customers without a frame contract.
            customers = tuple(customer for customer in customers if customer.tier == "standard")
        product = rng.choice(WEB_SHOP_PRODUCTS if channel == "web" else PRODUCTS)
        subscription = subscription or rng.random() < SUBSCRIPTION_SHARE
        deal = Deal(number, entity, rng.choice(customers), product, channel, subscription, started_at)
        return write_case(deal, pace, rng)

    def _schedule(self, case: Case) -> None:
        FlakyInvoiceSync().strike(case, dice(self._seed, "sync", case.number))
        resent = dice(self._seed, "resent", case.number)
        for happening in case.happenings:
            if happening.at is None:
                continue
            sent_at = happening.at + happening.held_back
            self._push(sent_at, (case, happening))
            if resent.random() < RESENT_SHARE:
                self._push(sent_at + timedelta(seconds=resent.randint(1, 40)), (case, happening))
        if case.fault or any(each.at is None or each.at >= self._traced_since for each in case.happenings):
            for span in spans_of(self._seed, case):
                if case.fault or span.end >= self._traced_since:
                    self._push(span.end, span)

    def _push(self, at: datetime, item: SpanPlan | tuple[Case, Happening]) -> None:
        heapq.heappush(self._waiting, (at, next(self._order), item))

    @staticmethod
    def _slot(fault: Fault, instant: datetime) -> int:
        return (instant - NUMBERED_FROM) // fault.every
