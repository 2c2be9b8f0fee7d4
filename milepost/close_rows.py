"""The close as `milepost close --output json` and the API show it: plain JSON values."""

from typing import Any

from close.book import CloseBook
from domain.close import EntityClose, Gate, GateCell, GateForecast, GateMoney, SignOff
from domain.instants import format_instant
from domain.money import format_amount
from storage.close_cases import CloseCase

Row = dict[str, Any]


def gate_row(gate: Gate) -> Row:
    """A gate's definition."""
    return {
        "gate": gate.id,
        "title": gate.title,
        "description": gate.description,
        "owner": gate.owner,
        "weight": gate.weight,
        "kind": gate.kind.value,
        "object_type": gate.object_type or None,
        "from": list(gate.from_types),
        "to": list(gate.to_types),
        "unless": list(gate.unless_types),
        "alerts": list(gate.alerts),
        "awaits": list(gate.awaits),
        "within_seconds": None if gate.within is None else gate.within.total_seconds(),
        "version": gate.version,
    }


def close_row(book: CloseBook, found: EntityClose) -> Row:
    """The close of one legal entity; what is unknown is null."""
    value = found.score.value
    return {
        "legal_entity": found.legal_entity or None,
        "period": found.period.name,
        "first_day": found.period.first_day.isoformat(),
        "last_day": found.period.last_day.isoformat(),
        "cutoff_at": format_instant(found.period.cutoff_at),
        "state": found.state.value,
        "score": _share(value),
        "score_at_least": _share(found.score.at_least),
        "score_at_most": _share(found.score.at_most),
        "formula": found.score.formula,
        "target": float(book.definition.target),
        "owner": book.definition.owner,
        "met": None if value is None else value >= float(book.definition.target),
        "open": sum(cell.open for cell in found.cells),
        "late": found.late,
        "in_flight": found.in_flight,
        "forecast": _forecast(found.forecast),
        "course": [{"at": format_instant(point.at), "score": _share(point.score)} for point in found.course],
        "fingerprint": found.fingerprint,
        "sign_off": None if found.sign_off is None else sign_off_row(found.sign_off),
        "cleared_since": None if found.cleared_since is None else sign_off_row(found.cleared_since),
        "gates": [_cell(cell) for cell in found.cells],
    }


def case_row(book: CloseBook, case: CloseCase) -> Row:
    """One case of a gate, with who answers for it."""
    gate = book.gate(case.gate)
    return {
        "gate": case.gate,
        "object_type": case.object_type,
        "object_id": case.object_id,
        "legal_entity": case.legal_entity or None,
        "amount": None if case.amount is None else format_amount(case.amount, case.currency or None),
        "currency": case.currency or None,
        "started_at": format_instant(case.started_at),
        "cleared_at": None if case.cleared_at is None else format_instant(case.cleared_at),
        "in_flight": case.in_flight,
        "stuck_at": case.stuck_at or None,
        "stuck_since": None if case.cleared_at else format_instant(case.stuck_since),
        "owner": gate.owner,
    }


def sign_off_row(entry: SignOff) -> Row:
    """One entry of the history."""
    return {
        "entry_id": entry.entry_id,
        "kind": entry.kind.value,
        "legal_entity": entry.legal_entity,
        "period": entry.period,
        "at": format_instant(entry.at),
        "who": entry.who,
        "reason": entry.reason,
        "with_blockers": entry.with_blockers,
        "known_through": format_instant(entry.known_through),
        "score": _share(entry.score),
        "follows": entry.follows or None,
        "cells": dict(entry.cells),
        "changes": list(entry.changes),
    }


def _cell(cell: GateCell) -> Row:
    return {
        "gate": cell.gate.id,
        "title": cell.gate.title,
        "owner": cell.gate.owner,
        "weight": cell.gate.weight,
        "state": cell.state.value,
        "cases": cell.cases,
        "cleared": cell.cleared,
        "open": cell.open,
        "late": cell.late,
        "in_flight": cell.in_flight,
        "share": _share(cell.share),
        "why": cell.why or None,
        "oldest_open_at": None if cell.oldest_open_at is None else format_instant(cell.oldest_open_at),
        "money": [_money(one) for one in cell.money],
        "forecast": _forecast(cell.forecast),
    }


def _money(money: GateMoney) -> Row:
    currency = money.currency
    return {
        "currency": currency,
        "amount": None if money.amount is None else format_amount(money.amount, currency),
        "open_amount": None if money.open_amount is None else format_amount(money.open_amount, currency),
        "in_flight_amount": None if money.in_flight_amount is None else format_amount(money.in_flight_amount, currency),
        "unknown": money.unknown,
        "open_unknown": money.open_unknown,
        "in_flight_unknown": money.in_flight_unknown,
    }


def _forecast(forecast: GateForecast | None) -> Row | None:
    if forecast is None:
        return None
    return {
        "at_cutoff": _share(forecast.share),
        "at_least": _share(forecast.at_least),
        "at_most": _share(forecast.at_most),
        "learnt_from": forecast.learnt_from,
        "beyond": forecast.beyond,
        "chance_ready": _share(forecast.ready),
        "why": forecast.why or None,
    }


def _share(value: float | None) -> float | None:
    """A share to six digits; what is not all is never rounded to all."""
    return None if value is None else 1.0 if value >= 1 else min(round(value, 6), 0.999999)
