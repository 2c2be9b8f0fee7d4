"""Kept cases are those that a plain reading of the events finds, whatever the order and number in which they arrive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.instants import from_micros
from domain.kpi import Kpi
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.kpi_cases import ALL_CASES, case_rows
from tests.builders import NOW, event_row
from tests.engine import Engine
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL

MOST = 1000


class Case(NamedTuple):
    """What is compared of a case."""

    object_id: str
    started_at: datetime
    ended_at: datetime | None
    value: float | None
    amount: Decimal | None
    currency: str
    legal_entity: str


def kept(store: Store, kpi: Kpi) -> list[Case]:
    closed, _ = case_rows(store, kpi, SINCE, UNTIL, ALL_CASES, is_open=False, limit=MOST)
    waiting, _ = case_rows(store, kpi, SINCE, UNTIL, ALL_CASES, is_open=True, limit=MOST)
    return sorted(
        Case(
            one.object_id,
            one.started_at,
            one.ended_at,
            None if one.ended_at is None else one.value,
            one.amount,
            one.currency,
            one.legal_entity,
        )
        for one in (*closed, *waiting)
    )


def naive(kpi: Kpi, events: Iterable[EventRow], through: datetime) -> list[Case]:
    """The cases by their definition, from events as they were received first."""
    first: dict[tuple[str, str], EventRow] = {}
    for event in sorted(events, key=lambda one: one.received_us):
        if from_micros(event.received_us) <= through:
            first.setdefault((event.source, event.event_id), event)
    objects: dict[str, list[EventRow]] = {}
    for event in first.values():
        for type_, id_, _ in event.objects:
            if type_ == kpi.cases.object_type:
                objects.setdefault(id_, []).append(event)
    find = {"order_to_invoice": handoffs, "billed": amounts, "revenue_recognition_readiness": outcomes}[kpi.id]
    return sorted(
        case
        for id_, of_object in objects.items()
        for case in find(kpi, id_, sorted(of_object, key=lambda one: (one.occurred_us, one.source, one.event_id)))
    )


def facts(events: Sequence[EventRow]) -> tuple[Decimal | None, str, str]:
    """The latest amount with its currency, and the latest legal entity, that an object's events state."""
    amount, currency, entity = None, "", ""
    for event in events:
        if event.amount is not None:
            amount, currency = Decimal(event.amount), event.currency
        entity = event.legal_entity or entity
    return amount, currency, entity


def handoffs(kpi: Kpi, id_: str, events: Sequence[EventRow]) -> Iterator[Case]:
    starts = [event for event in events if event.type in kpi.cases.from_types]
    if not starts:
        return
    start = starts[0]
    reached = [one.occurred_us for one in events if one.type in kpi.cases.to_types]
    stop = min((at for at in reached if at >= start.occurred_us), default=None)
    ends = [one.occurred_us for one in events if one.type in kpi.cases.unless_types]
    if any(stop is None or end <= stop for end in ends):
        return
    amount, currency, entity = facts(events)
    if start.amount is not None:
        amount, currency = Decimal(start.amount), start.currency
    value = None if stop is None else (stop - start.occurred_us) / 1e6
    ended_at = None if stop is None else from_micros(stop)
    yield Case(id_, from_micros(start.occurred_us), ended_at, value, amount, currency, entity)


def amounts(kpi: Kpi, id_: str, events: Sequence[EventRow]) -> Iterator[Case]:
    for event in events:
        sign = (event.type in kpi.cases.from_types) - (event.type in kpi.cases.unless_types)
        if sign:
            at = from_micros(event.occurred_us)
            amount = None if event.amount is None else sign * Decimal(event.amount)
            yield Case(id_, at, at, float(sign), amount, event.currency, facts(events)[2])


def outcomes(kpi: Kpi, id_: str, events: Sequence[EventRow]) -> Iterator[Case]:
    types = {event.type for event in events}
    starts = [event for event in events if event.type in kpi.cases.from_types]
    if starts and not types & {*kpi.cases.unless_types}:
        amount, currency, entity = facts(events)
        if starts[0].amount is not None:
            amount, currency = Decimal(starts[0].amount), starts[0].currency
        at = from_micros(starts[0].occurred_us)
        yield Case(id_, at, at, float(bool(types & {*kpi.cases.to_types})), amount, currency, entity)


TYPES = (
    "order.approved",
    "invoice.issued",
    "order.cancelled",
    "invoice.voided",
    "credit_note.posted",
    "order.fulfilled",
    "revenue.recognized",
)
HOURS = st.integers(min_value=0, max_value=60).map(lambda hours: hours * HOUR)


@st.composite
def histories(draw: st.DrawFn) -> list[EventRow]:
    """Events of a few orders and invoices; some arrive late, some twice, some state nothing."""
    rows: list[EventRow] = []
    for number in range(draw(st.integers(min_value=1, max_value=9))):
        occurred_at = NOW + draw(HOURS)
        stated = draw(st.sampled_from([None, "10", "25.50"]))
        rows.append(
            event_row(
                f"e-{number}",
                draw(st.sampled_from(TYPES)),
                draw(st.sampled_from([("order/O-1",), ("order/O-2",), ("order/O-1", "invoice/I-1"), ("invoice/I-1",)])),
                occurred_at=occurred_at,
                received_at=occurred_at + draw(HOURS),
                amount=stated,
                currency="EUR" if stated else "",
                legal_entity=draw(st.sampled_from(["", "DE01", "FR01"])),
            )
        )
    again = [msgspec.structs.replace(row, received_us=row.received_us + 1) for row in rows if draw(st.booleans())]
    return [*rows, *again]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=histories(), ticks=st.lists(HOURS, max_size=4))
def test_kept_cases_are_those_of_a_plain_reading_however_ticks_fall(
    engine: Engine, migrated_database: str, events: list[EventRow], ticks: list[timedelta]
) -> None:
    engine.clear(migrated_database)
    kpis = {name: KPIS[name] for name in ("order_to_invoice", "billed", "revenue_recognition_readiness")}
    with Store(engine.dsn(migrated_database)) as store:
        insert_events(store, events)
        for tick in sorted(ticks):
            KpiKeeper(store, kpis, SETTINGS).tick(NOW + 2 * tick)
        KpiKeeper(store, kpis, SETTINGS).tick(UNTIL)
        for kpi in kpis.values():
            assert kept(store, kpi) == naive(kpi, events, UNTIL)


def test_a_tick_that_was_cut_off_is_repeated_to_where_it_went(embedded_store: Store) -> None:
    """The worst case: cases are written, and before that is noted an event comes that moves them to another day."""
    kpi = KPIS["order_to_invoice"]
    approved = event_row("a", "order.approved", ["order/O-1"], occurred_at=NOW)
    late = event_row("i", "invoice.issued", ["order/O-1"], occurred_at=NOW + 5 * DAY, received_at=NOW + 5 * DAY)
    earlier = event_row("j", "invoice.issued", ["order/O-1"], occurred_at=NOW + 2 * DAY, received_at=NOW + 6 * DAY)
    insert_events(embedded_store, [approved, late])
    keeper = CutOff(embedded_store, {kpi.id: kpi}, SETTINGS)
    keeper.tick(NOW + DAY)
    keeper.is_cut_off = True
    keeper.tick(NOW + 5 * DAY)
    insert_events(embedded_store, [earlier])

    for _ in range(2):
        KpiKeeper(embedded_store, {kpi.id: kpi}, SETTINGS).tick(NOW + 7 * DAY)

    assert kept(embedded_store, kpi) == naive(kpi, [approved, late, earlier], UNTIL)


class CutOff(KpiKeeper):
    """Dies before it notes how far it came."""

    is_cut_off = False

    def _note(self, kpi: Kpi, what: str, through: datetime, version: str) -> None:
        if not (self.is_cut_off and what == "kept"):
            super()._note(kpi, what, through, version)


def test_another_definition_finds_its_own_cases_in_all_history(embedded_store: Store) -> None:
    kpi = KPIS["order_to_invoice"]
    insert_events(
        embedded_store,
        [
            event_row("a", "order.approved", ["order/O-1"]),
            event_row("p", "order.posted", ["order/O-1"], occurred_at=NOW + HOUR),
            event_row("i", "invoice.issued", ["order/O-1"], occurred_at=NOW + 5 * HOUR),
        ],
    )
    KpiKeeper(embedded_store, {kpi.id: kpi}, SETTINGS).tick(NOW + DAY)
    other = replace(kpi, cases=replace(kpi.cases, to_types=("order.posted",)), version="other")

    KpiKeeper(embedded_store, {kpi.id: other}, SETTINGS).tick(NOW + DAY)

    assert [case.value for case in kept(embedded_store, other)] == [3600.0]
    assert [case.value for case in kept(embedded_store, kpi)] == [18000.0]
