"""How ready legal entities are to close a period: every gate's cell, the score, and who signed it off."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from close.book import CloseBook, Scope, counted_gates
from close.forecast import Forecaster, entity_forecast
from close.keeper import engine_name
from domain.close import CellState, EntityClose, Gate, GateCell, GateKind, GateMoney, SignOff, score_of
from domain.instants import format_instant
from domain.source_silence import Silences, SourceSilence, Unknown
from storage.client import Store
from storage.close_cases import CellSum, InFlightSum, cell_sums, in_flight_sums
from storage.close_sign_offs import last_clearings, last_sign_offs
from storage.engine_state import RULES_ENGINE, read_watermark
from storage.source_silences import read_silences

Sum = TypeVar("Sum", CellSum, InFlightSum)


def read_close(
    store: Store, book: CloseBook, at: datetime, period: str = "", legal_entities: Sequence[str] = ()
) -> list[EntityClose]:
    """The close of every legal entity that has cases in its period, by name; an unknown one is called ''.

    Without a period it is the one whose cutoff comes next. UsageError where nobody has a period of that name.
    """
    silences = read_silences(store, book.contracts, at, at)
    signed, notes = last_sign_offs(store), last_clearings(store)
    uncounted = _uncounted(store, book)
    found = []
    for scope in book.scopes(period, at):
        extent = scope.extent.only(legal_entities) if legal_entities else scope.extent
        narrowed = Scope(scope.period, extent)
        sums = _by_cell(cell_sums(store, counted_gates(book), extent))
        flying = _by_cell(in_flight_sums(store, counted_gates(book), extent, at))
        forecaster = Forecaster(store, book, narrowed, at)
        # Where all that was signed off on is gone, that is to be seen.
        gone = {
            entity
            for entity, name in signed
            if name == scope.period.name and (entity in extent.entities) != extent.others
        }
        for entity in sorted({entity for _, entity in sums} | gone):
            cells = [
                _cell(
                    book,
                    gate,
                    scope,
                    silences,
                    at,
                    sums.get((gate.id, entity), ()),
                    uncounted,
                    flying.get((gate.id, entity), ()),
                )
                for gate in book.gates
            ]
            told = forecaster.told(entity, cells)
            entry = signed.get((entity, scope.period.name))
            close = _close(entity, scope, told, entry)
            noted = notes.get(entry.entry_id) if entry else None
            found.append(replace(close, course=forecaster.course(entity, told), cleared_since=noted))
    return sorted(found, key=lambda one: (not one.legal_entity, one.legal_entity, one.period.name))


def close_of(store: Store, book: CloseBook, legal_entity: str, period: str, at: datetime) -> EntityClose:
    """The close of one legal entity, also where nothing has happened in its period."""
    scope = book.scope_of(legal_entity, period, at)
    for found in read_close(store, book, at, scope.period.name, [legal_entity]):
        return found
    silences = read_silences(store, book.contracts, at, at)
    uncounted = _uncounted(store, book)
    cells = tuple(_cell(book, gate, scope, silences, at, (), uncounted) for gate in book.gates)
    return _close(legal_entity, scope, cells, None)


def fingerprint_of(cells: Iterable[GateCell]) -> str:
    """A digest that stays the same as long as no gate's cases changed."""
    facts = [(cell.gate.id, cell.gate.version, *cell.counts()) for cell in cells if cell.gate.keeps_cases]
    return hashlib.sha256(repr(sorted(facts)).encode()).hexdigest()[:16]


def _close(entity: str, scope: Scope, cells: Sequence[GateCell], sign_off: SignOff | None) -> EntityClose:
    return EntityClose(
        legal_entity=entity,
        period=scope.period,
        cells=tuple(cells),
        score=score_of(cells),
        fingerprint=fingerprint_of(cells),
        sign_off=sign_off,
        forecast=entity_forecast(cells),
    )


def _by_cell(sums: Iterable[Sum]) -> Mapping[tuple[str, str], list[Sum]]:
    found: dict[tuple[str, str], list[Sum]] = {}
    for one in sums:
        found.setdefault((one.gate, one.legal_entity), []).append(one)
    return found


def _uncounted(store: Store, book: CloseBook) -> Set[str]:
    """The gates whose cases nobody has looked for yet, since they are new or defined anew; that is not to have none.

    Where rules were never evaluated there are no alerts to count.
    """
    judges = read_watermark(store, RULES_ENGINE) is not None
    return {
        gate.id
        for gate in counted_gates(book)
        if (judges or gate.kind is not GateKind.ALERTS) and read_watermark(store, engine_name(gate, "kept")) is None
    }


def _cell(
    book: CloseBook,
    gate: Gate,
    scope: Scope,
    silences: Silences,
    at: datetime,
    sums: Sequence[CellSum],
    uncounted: Set[str],
    flying: Sequence[InFlightSum] = (),
) -> GateCell:
    if gate.kind is GateKind.SOURCES:
        return _sources_cell(book, gate, scope, silences)
    cases, cleared = sum(one.cases for one in sums), sum(one.cleared for one in sums)
    # Sums are read a moment apart.
    in_flight = min(sum(one.cases for one in flying), cases - cleared)
    unknown = silences.unknown_times(gate.awaits).at(at)
    if gate.id in uncounted:
        return GateCell(gate, CellState.UNKNOWN, cases, cleared, _money(sums), None, 0, "its cases are not counted yet")
    # Who was heard after the cutoff has told of the period; what is open still may have been cleared unheard.
    if unknown is not None and (cases > cleared or unknown.since <= scope.period.cutoff_at):
        state, why = CellState.UNKNOWN, _silent(unknown)
    elif not cases:
        state, why = CellState.NOTHING_TO_DO, ""
    elif cases - cleared > in_flight:
        more = f", {in_flight:,} more in flight" if in_flight else ""
        late, due = cases - cleared - in_flight, cases - in_flight
        state, why = CellState.BLOCKED, f"{late:,} of {due:,} not cleared{more}"
    elif in_flight:
        state, why = CellState.IN_FLIGHT, f"{in_flight:,} in flight, none of them late"
    else:
        state, why = CellState.READY, ""
    return GateCell(
        gate=gate,
        state=state,
        cases=cases,
        cleared=cleared,
        money=_money(sums, flying),
        in_flight=in_flight,
        oldest_open_at=min((one.oldest_open_at for one in sums if one.oldest_open_at), default=None),
        digest=sum(one.digest for one in sums) % 2**64,
        why=why,
    )


def _sources_cell(book: CloseBook, gate: Gate, scope: Scope, silences: Silences) -> GateCell:
    heard = sorted(book.awaited_sources & silences.heard)
    silent = {
        one.source: one
        for one in silences.all
        if one.source in heard
        and one.until is None
        and one.since <= scope.period.cutoff_at
        and (one.event_type is None or one.event_type in book.awaited_types)
    }
    state = CellState.BLOCKED if silent else CellState.READY if heard else CellState.NOTHING_TO_DO
    why = "; ".join(_said_nothing(one) for _, one in sorted(silent.items(), key=lambda item: item[0] or ""))
    oldest = min((one.since for one in silent.values()), default=None)
    return GateCell(gate, state, len(heard), len(heard) - len(silent), (), oldest, 0, why)


def _money(sums: Sequence[CellSum], flying: Sequence[InFlightSum] = ()) -> tuple[GateMoney, ...]:
    by_currency = {one.currency: one for one in flying}
    return tuple(
        GateMoney(
            currency=one.currency or None,
            amount=one.amount,
            # Where nothing is open, nothing is what is open; where none of what is open states an amount, nobody knows.
            open_amount=Decimal(0) if one.cases == one.cleared else one.open_amount,
            unknown=one.unknown,
            open_unknown=one.open_unknown,
            in_flight_amount=apart.amount if apart else Decimal(0),
            late_amount=_late_amount(one, apart),
            in_flight_unknown=apart.unknown if apart else 0,
        )
        for one in sums
        for apart in (by_currency.get(one.currency),)
    )


def _late_amount(one: CellSum, apart: InFlightSum | None) -> Decimal | None:
    """What is open and not in flight."""
    late = one.cases - one.cleared - (apart.cases if apart else 0)
    stated = late - one.open_unknown + (apart.unknown if apart else 0)
    if late == 0:
        return Decimal(0)
    if stated == 0 or one.open_amount is None:
        return None
    if apart is None or apart.cases == apart.unknown:
        return one.open_amount
    return None if apart.amount is None else one.open_amount - apart.amount


def _silent(unknown: Unknown) -> str:
    if not unknown.sources:
        return f"Milepost was away and hears what was sent meanwhile since {format_instant(unknown.since)}"
    of = f"nobody tells of {unknown.event_type}: " if unknown.event_type else ""
    verb = "have" if len(unknown.sources) > 1 else "has"
    return f"{of}{' and '.join(unknown.sources)} {verb} been silent since {format_instant(unknown.since)}"


def _said_nothing(silence: SourceSilence) -> str:
    of = f" of {silence.event_type}" if silence.event_type else ""
    return f"{silence.source} has said nothing{of} since {format_instant(silence.heard_at)}"
