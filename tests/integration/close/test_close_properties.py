"""What is kept of the close is what a plain reading of the events finds, whatever their order, number and delay."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from close.sign_offs import SignOffWish, sign_off, suspend_changed
from domain.audit import Actor
from domain.close import Gate, SignOffKind
from domain.errors import UsageError
from domain.instants import from_micros
from storage.client import Store
from storage.close_cases import CasesWhich, case_rows
from storage.close_sign_offs import sign_off_history
from storage.events import EventRow, insert_events
from tests.builders import event_row
from tests.engine import Engine
from tests.integration.close.closing import BOOK, DAY, HOUR, NOVEMBER, closes, keep

# Near the end of November in Berlin, so that cases fall on both sides of it.
START = datetime(2026, 11, 28, 12, tzinfo=UTC)
END = START + 20 * DAY
GATES = ("orders_posted", "orders_invoiced", "payments_applied")
TYPES = (
    "order.approved",
    "order.posted",
    "order.fulfilled",
    "invoice.issued",
    "order.cancelled",
    "payment.received",
    "payment.applied",
    "payment.refunded",
)
HOURS = st.integers(min_value=0, max_value=100).map(lambda hours: hours * HOUR)


class Case(NamedTuple):
    """What is compared of a case."""

    gate: str
    object_id: str
    started_at: datetime
    cleared_at: datetime | None
    amount: Decimal | None
    currency: str
    legal_entity: str
    stuck_at: str


def kept(store: Store) -> list[Case]:
    """November's cases as they are stored."""
    extents = [scope.extent for scope in BOOK.scopes(NOVEMBER, END)]
    gates = [BOOK.gate(name) for name in GATES]
    found = []
    for is_open in (True, False):
        rows, total = case_rows(
            store,
            gates,
            extents,
            BOOK.pricing,
            END,
            which=CasesWhich.OPEN if is_open else CasesWhich.CLEARED,
            limit=1000,
        )
        assert total == len(rows)
        found += [
            Case(
                row.gate,
                row.object_id,
                row.started_at,
                row.cleared_at,
                row.amount,
                row.currency,
                row.legal_entity,
                row.stuck_at,
            )
            for row in rows
        ]
    return sorted(found, key=repr)


def naive(events: Iterable[EventRow], through: datetime) -> list[Case]:
    """The same by its definition, from events as they were received first."""
    first: dict[tuple[str, str], EventRow] = {}
    for event in sorted(events, key=lambda one: one.received_us):
        if from_micros(event.received_us) <= through:
            first.setdefault((event.source, event.event_id), event)
    objects: dict[tuple[str, str], list[EventRow]] = {}
    for event in sorted(first.values(), key=lambda one: (one.occurred_us, one.source, one.event_id)):
        for type_, id_, _ in event.objects:
            objects.setdefault((type_, id_), []).append(event)
    found = [
        case
        for name in GATES
        for (type_, id_), of_object in objects.items()
        if type_ == BOOK.gate(name).object_type and (case := naive_case(BOOK.gate(name), id_, of_object))
    ]
    in_november = [case for case in found if BOOK.periods.period(case.legal_entity, case.started_at).name == NOVEMBER]
    return sorted(in_november, key=repr)


def naive_case(gate: Gate, id_: str, events: list[EventRow]) -> Case | None:
    starts = [event for event in events if event.type in gate.from_types]
    if not starts:
        return None
    start = starts[0]
    stops = [one.occurred_us for one in events if one.type in gate.to_types and one.occurred_us >= start.occurred_us]
    stop = min(stops, default=None)
    if any(one.type in gate.unless_types and (stop is None or one.occurred_us <= stop) for one in events):
        return None
    stated = [start] if start.amount is not None else [one for one in events if one.amount is not None]
    amount, currency = (Decimal(stated[-1].amount or 0), stated[-1].currency) if stated else (None, "")
    entity = next((one.legal_entity for one in reversed(events) if one.legal_entity), "")
    return Case(
        gate.id,
        id_,
        from_micros(start.occurred_us),
        None if stop is None else from_micros(stop),
        amount,
        currency,
        entity,
        events[-1].type if stop is None else "",
    )


class Signed(NamedTuple):
    """What a sign-off is on: which cases there are with their amounts, and which of them are open."""

    cases: frozenset[tuple[object, ...]]
    open: frozenset[tuple[str, str]]

    def only_cleared(self, later: "Signed") -> bool:
        """Whether all that has changed since is that cases were cleared."""
        return later.cases == self.cases and later.open < self.open


def signed_on(cases: Iterable[Case], entity: str) -> Signed:
    own = [case for case in cases if case.legal_entity == entity]
    return Signed(
        frozenset((case.gate, case.object_id, case.amount, case.currency) for case in own),
        frozenset((case.gate, case.object_id) for case in own if case.cleared_at is None),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[EventRow]:
    """Events of a few orders and payments; some arrive late, some twice, some state nothing."""
    rows: list[EventRow] = []
    for number in range(draw(st.integers(min_value=1, max_value=10))):
        occurred_at = START + draw(HOURS)
        type_ = draw(st.sampled_from(TYPES))
        stated = draw(st.sampled_from([None, "10", "25.50"]))
        object_type = "payment" if type_.startswith("payment") else "order"
        rows.append(
            event_row(
                f"e-{number}",
                type_,
                [f"{object_type}/{draw(st.sampled_from(['A', 'B']))}"],
                occurred_at=occurred_at,
                received_at=occurred_at + draw(HOURS),
                amount=stated,
                currency="EUR" if stated else "",
                legal_entity=draw(st.sampled_from(["", "DE01", "DE01", "FR01"])),
            )
        )
    again = [msgspec.structs.replace(row, received_us=row.received_us + 1) for row in rows if draw(st.booleans())]
    return draw(st.permutations([*rows, *again]))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(events=histories(), ticks=st.lists(HOURS, max_size=4), signed_after=HOURS)
def test_the_close_is_that_of_a_plain_reading_and_a_sign_off_is_suspended_once_more_than_a_clearing_changed_it(
    engine: Engine, migrated_database: str, events: list[EventRow], ticks: list[timedelta], signed_after: timedelta
) -> None:
    engine.clear(migrated_database)
    looks = sorted({START + 2 * tick for tick in ticks} | {END})
    signed_at = START + 2 * signed_after
    suspended: list[datetime] = []
    noted: list[datetime] = []
    with Store(engine.dsn(migrated_database)) as store:
        insert_events(store, events)
        keep(store, [], signed_at)
        wish = SignOffWish("DE01", NOVEMBER, "all is well", with_blockers=True)
        signed = signed_on(naive(events, signed_at), "DE01")
        if signed.cases:
            sign_off(store, BOOK, wish, Actor("ada"), signed_at)
        else:
            with pytest.raises(UsageError, match="there is nothing to sign off"):
                sign_off(store, BOOK, wish, Actor("ada"), signed_at)
        for at in looks:
            keep(store, [], at)
            suspend_changed(store, BOOK, at)
            suspend_changed(store, BOOK, at)
            known = naive(events, max(at, signed_at))
            assert kept(store) == known
            found_now = signed_on(known, "DE01")
            if signed.cases and not suspended and found_now != signed:
                told = noted if signed.only_cleared(found_now) else suspended
                told.append(max(at, max(noted, default=signed_at) + timedelta(microseconds=1)))
                signed = found_now
        found = closes(store, END)
        for entity in {case.legal_entity for case in naive(events, END)}:
            for name in GATES:
                [cell] = [one for one in found[entity].cells if one.gate.id == name]
                own = [case for case in naive(events, END) if (case.legal_entity, case.gate) == (entity, name)]
                assert (cell.cases, cell.cleared) == (len(own), sum(1 for case in own if case.cleared_at))
        history = sign_off_history(store)
        for kind, instants in ((SignOffKind.REOPENED, suspended), (SignOffKind.CLEARED, noted)):
            assert sorted(one.at for one in history if one.kind is kind) == instants
