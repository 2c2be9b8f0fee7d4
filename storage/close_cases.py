"""The cases of the gates of the close in the store: kept in line with what arrives, and read by period."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from domain.close import Gate, GateKind
from domain.instants import EARLIEST, EPOCH, to_micros
from storage.client import Store
from storage.kpi_cases import Pricing
from storage.milestones import Stretch

# A quarter of an hour; the clocks of all places differ by whole ones.
_SLOT_US = 15 * 60 * 10**6
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Extent:
    """From when until when a period lasts, and of which legal entities; with `others` of all but these."""

    since: datetime
    until: datetime
    entities: tuple[str, ...] = ()
    others: bool = True
    # From then on nothing of it is in flight any more.
    cutoff_at: datetime | None = None

    def params(self) -> dict[str, object]:
        """As statements take it."""
        return {
            "since": slot_of(self.since),
            "until": slot_of(self.until),
            "entities": list(self.entities),
            "others": self.others,
        }

    def only(self, entities: Sequence[str]) -> "Extent":
        """The same of those of these legal entities that it has."""
        had = [entity for entity in entities if (entity in self.entities) != self.others]
        return Extent(self.since, self.until, tuple(had), others=False, cutoff_at=self.cutoff_at)

    def is_running(self, at: datetime) -> bool:
        """Whether its cutoff is still to come."""
        return self.cutoff_at is not None and at < self.cutoff_at


@dataclass(frozen=True, slots=True)
class CellSum:
    """What the cases of a gate come to for one legal entity and currency; empty: they state none.

    `unknown` cases state no amount, and are not in the sums, which are None where no case states one.
    """

    gate: str
    legal_entity: str
    currency: str
    cases: int
    cleared: int
    unknown: int
    open_unknown: int
    amount: Decimal | None
    open_amount: Decimal | None
    oldest_open_at: datetime | None
    digest: int


@dataclass(frozen=True, slots=True)
class CloseCase:
    """One case of a gate; an open one is stuck at the last event of its object since then."""

    gate: str
    object_type: str
    object_id: str
    started_at: datetime
    cleared_at: datetime | None
    amount: Decimal | None
    currency: str
    legal_entity: str
    stuck_at: str
    stuck_since: datetime
    in_flight: bool = False


class CasesWhich(StrEnum):
    """Which cases are asked for; open ones are late or in flight."""

    OPEN = "open"
    LATE = "late"
    IN_FLIGHT = "in_flight"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class InFlightSum:
    """Open cases of a gate whose window has not run out, for one legal entity and currency."""

    gate: str
    legal_entity: str
    currency: str
    cases: int
    unknown: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class ChangedCase:
    """A case that changed after an instant; `is_gone`: there it is a case no more."""

    object_type: str
    object_id: str
    is_open: bool
    is_gone: bool
    amount: Decimal | None
    currency: str
    stuck_at: str
    stuck_since: datetime
    started_at: datetime


def slot_of(instant: datetime) -> int:
    """The quarter of an hour of an instant, as cases are stored by."""
    return (to_micros(instant) - to_micros(EARLIEST)) // _SLOT_US


def keep_cases(
    store: Store, gate: Gate, stretch: Stretch, after: datetime | None, through: datetime, *, touched: bool
) -> None:
    """Brings the cases of a stretch's objects in line with what was received by `through`.

    `after` is how far they were before, None where there are none. Repeated for the same instants it changes nothing.
    """
    params = {
        "gate": gate.id,
        "definition": gate.version,
        "object_type": stretch.object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        "touched": touched,
        "after": after or EPOCH,
        "through": through,
        "from_types": list(gate.from_types),
        "to_types": list(gate.to_types),
        "unless_types": list(gate.unless_types),
    }
    store.run("keep_close_cases", params)


def keep_exceptions(store: Store, gate: Gate, after: datetime | None, through: datetime) -> None:
    """The same of a gate that counts alerts, with the alerts that were recorded by `through`."""
    params = {
        "gate": gate.id,
        "definition": gate.version,
        "alerts": list(gate.alerts),
        "after": after or EPOCH,
        "through": through,
    }
    store.run("keep_close_exceptions", params)


def keep_cells(store: Store, gate: Gate, through: datetime) -> None:
    """Writes anew the sums of which the keeping up to `through` changed a case."""
    version = 2 * to_micros(through)
    params = {
        "gate": gate.id,
        "definition": gate.version,
        "versions": [version, version + 1],
        "version": version,
    }
    store.run("keep_close_cells", params)


def cell_sums(store: Store, gates: Iterable[Gate], extent: Extent) -> list[CellSum]:
    """How the gates stand, by gate, legal entity and currency."""
    names = _named(gates)
    return [CellSum(*row) for row in store.tuples("close_cells", {"gates": names, **extent.params()})[1]]


def in_flight_sums(store: Store, gates: Iterable[Gate], extent: Extent, at: datetime) -> list[InFlightSum]:
    """What is open and not late yet, by gate, legal entity and currency; nothing once the cutoff has come."""
    due = _due(gates, at)
    if not due or not extent.is_running(at):
        return []
    params = {**extent.params(), "gates": due}
    # No case that began before is in flight.
    params["since"] = max(slot_of(extent.since), slot_of(EPOCH + min(after for *_, after in due) * _MICROSECOND))
    return [InFlightSum(*row) for row in store.tuples("close_in_flight", params)[1]]


def case_digests(store: Store, gates: Iterable[Gate], extent: Extent, legal_entity: str) -> dict[str, int]:
    """By gate: a digest of which cases there are and of their amounts, the same however many of them are cleared."""
    params = {
        "gates": _named(gates),
        "legal_entity": legal_entity,
        "since": slot_of(extent.since),
        "until": slot_of(extent.until),
    }
    return {row["gate"]: row["digest"] for row in store.rows("close_case_digest", params)}


def case_rows(
    store: Store,
    gates: Iterable[Gate],
    extents: Sequence[Extent],
    pricing: Pricing,
    at: datetime,
    *,
    which: CasesWhich,
    limit: int,
    offset: int = 0,
) -> tuple[list[CloseCase], int]:
    """A page of the cases behind cells, those worth most first, and how many there are in all."""
    gates = list(gates)
    spans = [
        (slot_of(one.since), slot_of(one.until), list(one.entities), one.others, one.is_running(at)) for one in extents
    ]
    params = {
        "gates": _named(gates),
        "due": _due(gates, at),
        "standing": which.value if which in (CasesWhich.LATE, CasesWhich.IN_FLIGHT) else "",
        "extents": spans,
        "since": min(since for since, *_ in spans),
        "until": max(until for _, until, *_ in spans),
        "is_open": which is not CasesWhich.CLEARED,
        "reporting_currency": pricing.currency,
        "rate_days": pricing.rate_days,
        "at": at,
        "limit": limit,
        "offset": offset,
    }
    rows = store.tuples("close_case_rows", params)[1]
    return [replace(CloseCase(*row[:-2]), in_flight=bool(row[-2])) for row in rows], rows[0][-1] if rows else 0


def open_ages(
    store: Store, gates: Iterable[Gate], extent: Extent, at: datetime
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """By gate and legal entity: how many minutes open cases have waited, and how many have waited so."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    params = {"gates": _named(gates), **extent.params(), "at": at}
    for gate, entity, minutes, cases in store.tuples("close_ages", params)[1]:
        found.setdefault((gate, entity), []).append((minutes, cases))
    return found


def durations(store: Store, gate: Gate, since: datetime, at: datetime) -> list[tuple[str, int, bool, int]]:
    """Of the cases that began in [since, at): legal entity, minutes taken or waited, whether cleared, and how many."""
    params = {"gate": gate.id, "definition": gate.version, "since": since, "at": at}
    return [(row[0], row[1], bool(row[2]), row[3]) for row in store.tuples("close_durations", params)[1]]


def changes(
    store: Store, gate: Gate, legal_entity: str, extent: Extent, known_through: datetime, limit: int
) -> tuple[list[ChangedCase], int]:
    """What changed in a cell since it was kept up to an instant, the latest first, and how many cases did."""
    params = {
        "gate": gate.id,
        "definition": gate.version,
        "legal_entity": legal_entity,
        "since": slot_of(extent.since),
        "until": slot_of(extent.until),
        "version": 2 * to_micros(known_through) + 1,
        "limit": limit,
    }
    rows = store.tuples("close_changes", params)[1]
    return [ChangedCase(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def _due(gates: Iterable[Gate], at: datetime) -> list[tuple[str, str, int]]:
    """Of each gate with a window, after which instant a case that is open must have begun to be in flight."""
    return [(gate.id, gate.version, to_micros(at - gate.within)) for gate in gates if gate.within is not None]


def _named(gates: Iterable[Gate]) -> list[tuple[str, str]]:
    return [(gate.id, gate.version) for gate in gates if gate.kind is not GateKind.SOURCES]
