"""Signing off a close, and suspending that once what was signed off on has changed; the history is only added to.

A sign-off is on the cases of every gate: which there are, which of them are cleared, and their amounts. It stays in
force while these are the same, however often and in whatever order the same is told again; also where all that changed
is that cases were cleared which were open when it was given, which its history notes.
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from close.book import CloseBook
from close.keeper import engine_name
from close.readiness import close_of, read_close
from close.reopened import reopened_alert, signed_again_alert
from domain.audit import PROGRAM, Act, ActKind, Actor, AuditEntry
from domain.close import CellState, EntityClose, Gate, GateCell, SignOff, SignOffKind
from domain.errors import UsageError
from domain.instants import EPOCH, format_instant
from domain.money import format_amount
from storage.alerts import write_transitions
from storage.audit import entries_of_kind, write_audit
from storage.client import Store
from storage.close_cases import ChangedCase, case_digests, changes
from storage.close_sign_offs import last_clearings, last_sign_offs, write_sign_off
from storage.engine_state import read_watermark

# So many cases that changed are named in the history; how many there are is always told.
MOST_NAMED = 20
_MICROSECOND = timedelta(microseconds=1)
_acting = threading.Lock()
Row = dict[str, object]
# What a sign-off may be given in spite of, when its giver says so.
_UNFINISHED = (CellState.BLOCKED, CellState.UNKNOWN, CellState.IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class SignOffWish:
    """Whose close of which period somebody signs off, and why.

    `seen` is the fingerprint that the reader looked at; empty where nobody looked before.
    """

    legal_entity: str
    period: str
    reason: str
    with_blockers: bool = False
    seen: str = ""


def sign_off(store: Store, book: CloseBook, wish: SignOffWish, by: Actor, now: datetime) -> EntityClose:
    """The close as it stands signed off; UsageError says why it cannot be."""
    if not wish.legal_entity:
        raise UsageError("whose close is signed off is missing; of an unknown legal entity nobody can sign it off")
    if not wish.reason.strip():
        raise UsageError("the reason is missing; whoever reads the history later wants to know on what it rests")
    if not by.name.strip() and not by.token:
        raise UsageError("your name is missing; the audit log says who acted")
    with _acting:
        found = close_of(store, book, wish.legal_entity, wish.period, now)
        _require(found, wish)
        entry = _entry(store, book, found, wish, by, now)
        details = {
            "entry_id": entry.entry_id,
            "with_blockers": entry.with_blockers,
            "score": entry.score,
            "known_through": format_instant(entry.known_through),
            "cells": entry.cells,
        }
        write_audit(store, Act(ActKind.CLOSE_SIGN_OFF, by, _subject(entry), entry.reason, details), now)
        if found.is_suspended and found.sign_off is not None:
            write_transitions(store, [signed_again_alert(found, found.sign_off, entry, book.definition.owner)])
        write_sign_off(store, entry)
        return close_of(store, book, wish.legal_entity, found.period.name, now)


def suspend_changed(store: Store, book: CloseBook, now: datetime) -> list[SignOff]:
    """Suspends every sign-off whose gates are not what was signed off on any more; the new entries of the history.

    Where only what was open was cleared, it stands, and that is noted. Asked again it does nothing. One that a kill
    left half done is completed, and stands in the audit log once.
    """
    with _acting:
        standing = [one for one in last_sign_offs(store).values() if one.kind is SignOffKind.SIGNED_OFF]
        notes = last_clearings(store)
        by_period: dict[str, dict[str, SignOff]] = {}
        for one in standing:
            by_period.setdefault(one.period, {})[one.legal_entity] = one
        written = []
        for period, by_entity in sorted(by_period.items()):
            for found in _closes(store, book, now, period, list(by_entity)):
                signed = by_entity[found.legal_entity]
                note = notes.get(signed.entry_id)
                # What was noted already is what the next look compares with.
                since = replace(signed, cells=note.cells, known_through=note.known_through) if note else signed
                moved = [cell for cell in found.cells if _has_moved(cell, since)]
                if not moved:
                    continue
                rows = _changed_rows(store, book, found, since, moved, now)
                if _only_cleared(store, book, found, since, rows, now):
                    _note_clearing(store, book, found, signed, note, rows, now)
                else:
                    written.append(_reopen(store, book, found, signed, note, rows, now))
        return written


def _closes(store: Store, book: CloseBook, now: datetime, period: str, entities: list[str]) -> list[EntityClose]:
    try:
        found = read_close(store, book, now, period, entities)
    except UsageError:
        # The calendars have no such period any more: nobody can say what belongs to it.
        return []
    return [one for one in found if one.legal_entity in entities]


def _require(found: EntityClose, wish: SignOffWish) -> None:
    whose = f"{found.legal_entity} {found.period.name}"
    if wish.seen and wish.seen != found.fingerprint:
        raise UsageError(f"{whose} has changed since you looked at it; look at it again")
    if found.is_signed_off and found.sign_off is not None:
        signed = found.sign_off
        raise UsageError(
            f"{whose} is signed off already, by {signed.who} at {format_instant(signed.at)}, "
            "and nothing has changed since"
        )
    if found.state is CellState.NOTHING_TO_DO:
        raise UsageError(f"{whose} has no case in any gate; there is nothing to sign off")
    stuck = [cell.gate.id for cell in found.cells if cell.state in (CellState.BLOCKED, CellState.UNKNOWN)]
    flying = [cell.gate.id for cell in found.cells if cell.state is CellState.IN_FLIGHT]
    if (stuck or flying) and not wish.with_blockers:
        parts = [
            f"{', '.join(gates)} {'is' if len(gates) == 1 else 'are'} {words}"
            for gates, words in ((stuck, "blocked or unknown"), (flying, "in flight"))
            if gates
        ]
        raise UsageError(
            f"{whose} is not ready: {'; '.join(parts)}; "
            "clear them, or sign off with open blockers, which is recorded as such"
        )


def _entry(store: Store, book: CloseBook, found: EntityClose, wish: SignOffWish, by: Actor, now: datetime) -> SignOff:
    known_through = _known_through(store, book)
    which = _case_digests(store, book, found, now)
    last = found.sign_off
    at = _after(last, now)
    facts = (found.legal_entity, found.period.name, format_instant(at), last.entry_id if last else "")
    return SignOff(
        entry_id=hashlib.sha256(repr(facts).encode()).hexdigest()[:32],
        kind=SignOffKind.SIGNED_OFF,
        legal_entity=found.legal_entity,
        period=found.period.name,
        at=at,
        who=str(by),
        reason=wish.reason.strip(),
        with_blockers=any(cell.state in _UNFINISHED for cell in found.cells),
        known_through=known_through,
        score=found.score.value,
        cells={cell.gate.id: _cell_row(cell, which) for cell in found.cells},
    )


def _after(last: SignOff | None, now: datetime) -> datetime:
    """Now, or as soon as it is after the entry before, whatever the clock does: the last one is what holds."""
    return max(now, last.at + _MICROSECOND) if last else now


def _known_through(store: Store, book: CloseBook) -> datetime:
    """Up to which arrival all gates of objects are kept."""
    marks = [read_watermark(store, engine_name(gate, "kept")) for gate in book.gates if gate.object_type]
    return min((mark.evaluated_through if mark else EPOCH for mark in marks), default=EPOCH)


def _cell_row(cell: GateCell, which: Mapping[str, int]) -> dict[str, object]:
    return {
        "state": cell.state.value,
        "cases": cell.cases,
        "cleared": cell.cleared,
        "in_flight": cell.in_flight,
        # As text: JSON's numbers do not hold it in every program.
        "digest": str(cell.digest),
        # Which cases there are, and of which amounts, whether cleared or not.
        "of": str(which.get(cell.gate.id, 0)),
        "definition": cell.gate.version,
        "open": [
            {
                "currency": one.currency,
                "amount": None if one.open_amount is None else format_amount(one.open_amount, one.currency),
                "unknown": one.open_unknown,
            }
            for one in cell.money
            if one.open_amount or one.open_unknown
        ],
    }


def _has_moved(cell: GateCell, signed: SignOff) -> bool:
    """Whether a gate's cases are others than signed off on; one that was defined anew since cannot be compared."""
    then = signed.cells.get(cell.gate.id)
    if then is None or not cell.gate.keeps_cases or then["definition"] != cell.gate.version:
        return False
    return (then["cases"], then["cleared"], then["digest"]) != (cell.cases, cell.cleared, str(cell.digest))


def _case_digests(store: Store, book: CloseBook, found: EntityClose, now: datetime) -> dict[str, int]:
    extent = book.scope_of(found.legal_entity, found.period.name, now).extent
    return case_digests(store, [cell.gate for cell in found.cells if cell.gate.keeps_cases], extent, found.legal_entity)


def _only_cleared(
    store: Store, book: CloseBook, found: EntityClose, since: SignOff, rows: Sequence[Row], now: datetime
) -> bool:
    """Whether the cases and their amounts are those that were signed off on, and all that changed was cleared."""
    # Each case that changed has added one to those that are cleared, so none was opened again.
    if any(row["changed"] != int(str(row["cleared"])) - int(str(row["cleared_before"])) for row in rows):
        return False
    which = _case_digests(store, book, found, now)
    then = (since.cells[str(row["gate"])] for row in rows)
    # A sign-off of an earlier version does not say which cases it was on.
    return all(cell.get("of") == str(which.get(str(row["gate"]), 0)) for cell, row in zip(then, rows, strict=True))


def _note_clearing(
    store: Store,
    book: CloseBook,
    found: EntityClose,
    signed: SignOff,
    note: SignOff | None,
    rows: list[Row],
    now: datetime,
) -> None:
    which = _case_digests(store, book, found, now)
    entry = SignOff(
        entry_id=hashlib.sha256(f"cleared after {(note or signed).entry_id}".encode()).hexdigest()[:32],
        kind=SignOffKind.CLEARED,
        legal_entity=signed.legal_entity,
        period=signed.period,
        at=_after(note or signed, now),
        who=str(PROGRAM),
        reason=_in_words(rows, note),
        with_blockers=any(cell.state in _UNFINISHED for cell in found.cells),
        known_through=_known_through(store, book),
        score=found.score.value,
        cells={cell.gate.id: _cell_row(cell, which) for cell in found.cells},
        changes=rows,
        follows=signed.entry_id,
    )
    write_sign_off(store, entry)


def _changed_rows(
    store: Store, book: CloseBook, found: EntityClose, signed: SignOff, moved: list[GateCell], now: datetime
) -> list[Row]:
    """What changed in each gate since it was signed off, or since a change was noted."""
    extent = book.scope_of(found.legal_entity, found.period.name, now).extent
    rows: list[Row] = []
    for cell in moved:
        then = signed.cells[cell.gate.id]
        cases, total = changes(store, cell.gate, found.legal_entity, extent, signed.known_through, MOST_NAMED)
        rows.append(
            {
                "gate": cell.gate.id,
                "title": cell.gate.title,
                "cases_before": then["cases"],
                "cleared_before": then["cleared"],
                "cases": cell.cases,
                "cleared": cell.cleared,
                "changed": total,
                "objects": [_changed_row(cell.gate, one) for one in cases],
            }
        )
    return rows


def _reopen(
    store: Store,
    book: CloseBook,
    found: EntityClose,
    signed: SignOff,
    note: SignOff | None,
    rows: list[Row],
    now: datetime,
) -> SignOff:
    which = _case_digests(store, book, found, now)
    entry = SignOff(
        entry_id=hashlib.sha256(f"reopened {signed.entry_id}".encode()).hexdigest()[:32],
        kind=SignOffKind.REOPENED,
        legal_entity=signed.legal_entity,
        period=signed.period,
        at=_after(signed, now),
        who=str(PROGRAM),
        reason=_in_words(rows, note),
        with_blockers=found.state is not CellState.READY,
        known_through=_known_through(store, book),
        score=found.score.value,
        cells={cell.gate.id: _cell_row(cell, which) for cell in found.cells},
        changes=rows,
        follows=signed.entry_id,
    )
    # The entry comes last: what a kill leaves undone before it is done again, and is there once all the same.
    told = any(one.subject == _subject(entry) and entry.entry_id in one.details for one in _reopenings(store))
    if not told:
        details = {"entry_id": entry.entry_id, "follows": signed.entry_id, "changes": rows}
        write_audit(store, Act(ActKind.CLOSE_REOPEN, PROGRAM, _subject(entry), entry.reason, details), now)
    write_transitions(store, [reopened_alert(found, signed, entry, book.definition.owner)])
    write_sign_off(store, entry)
    return entry


def _reopenings(store: Store) -> list[AuditEntry]:
    return entries_of_kind(store, ActKind.CLOSE_REOPEN)


def _changed_row(gate: Gate, one: ChangedCase) -> dict[str, object]:
    what = "no case here any more" if one.is_gone else "open" if one.is_open else "cleared"
    return {
        "object_type": one.object_type,
        "object_id": one.object_id,
        "is": what,
        "stuck_at": one.stuck_at or None,
        "amount": None if one.amount is None else format_amount(one.amount, one.currency or None),
        "currency": one.currency or None,
        "owner": gate.owner,
    }


def _in_words(rows: Sequence[Row], note: SignOff | None) -> str:
    """What changed since the sign-off, or since a clearing was noted last, in one sentence."""
    then = "when it was signed off" if note is None else "when a clearing was noted last"
    return "; ".join(
        f"{row['title']}: {row['cleared']} of {row['cases']} cleared, {row['cleared_before']} of {row['cases_before']} "
        f"{then}{_named(row)}"
        for row in rows
    )


def _named(row: Mapping[str, object]) -> str:
    objects = row["objects"]
    assert isinstance(objects, list)
    if not objects:
        return ""
    first = objects[0]
    more = f" and {int(str(row['changed'])) - 1} more" if int(str(row["changed"])) > 1 else ""
    return f" ({first['object_type']}/{first['object_id']} is {first['is']}{more})"


def _subject(entry: SignOff) -> str:
    return f"{entry.legal_entity} {entry.period}"
