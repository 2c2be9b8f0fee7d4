"""Hops in plain JSON values: the same wherever programs read them."""

from decimal import Decimal
from typing import Any

from domain.hop import Expected, Hop, HopFigures, HopList, Outlook, Traffic, Waiting
from domain.instants import format_instant
from domain.money import format_amount


def hop_list_row(found: HopList) -> dict[str, Any]:
    """All hops, with the minute up to which calls are counted."""
    return {
        "counted_through": format_instant(found.through) if found.through else None,
        "reporting_currency": found.reporting_currency,
        "hops": [hop_row(one, found.reporting_currency) for one in found.hops],
    }


def hop_row(one: HopFigures, currency: str) -> dict[str, Any]:
    """One hop; of a queue nothing is known of calls, and of calls nothing of a queue."""
    return {
        **_named(one.hop),
        "from": format_instant(one.since),
        "to": format_instant(one.until),
        "rate_per_minute": one.rate,
        **_traffic(one.traffic),
        "backlog": one.backlog,
        "parked": one.queue.parked if one.queue else None,
        "oldest_at": format_instant(one.queue.oldest_at) if one.queue and one.queue.oldest_at else None,
        "measured_at": format_instant(one.queue.measured_at) if one.queue and one.queue.measured_at else None,
        "waiting": _waiting(one.waiting, currency),
    }


def outlook_row(one: Outlook, currency: str) -> dict[str, Any]:
    """What would wait at the cutoff if the hop stayed down until then."""
    return {
        "legal_entity": one.legal_entity or None,
        "period": one.period,
        "cutoff_at": format_instant(one.cutoff_at),
        "waiting": {"objects": one.objects, "amount": _amount(one.amount, currency), "unconverted": one.unconverted},
        "expected": _expected(one.expected, currency),
        "at_cutoff": _amount(one.at_cutoff, currency),
        "confidence": one.confidence,
        "currency": currency,
    }


def _named(hop: Hop) -> dict[str, Any]:
    return {
        "hop": hop.id,
        "kind": hop.kind.value,
        "name": hop.name,
        "from_service": hop.from_service or None,
        "to_service": hop.to_service or None,
    }


def _traffic(traffic: Traffic | None) -> dict[str, Any]:
    return {
        "calls": traffic.calls if traffic else None,
        "failed": traffic.failed if traffic else None,
        "error_rate": traffic.error_rate if traffic else None,
        "p50_seconds": traffic.p50 if traffic else None,
        "p95_seconds": traffic.p95 if traffic else None,
        "p99_seconds": traffic.p99 if traffic else None,
    }


def _waiting(waiting: Waiting, currency: str) -> dict[str, Any]:
    return {
        "objects": waiting.objects,
        "alerting": waiting.alerting,
        "oldest_at": format_instant(waiting.oldest_at) if waiting.oldest_at else None,
        "money": [
            {"currency": name, "amount": format_amount(amount, name)} for name, amount in waiting.by_currency.items()
        ],
        "unknown": waiting.unknown,
        "total": _amount(waiting.total, currency),
        "currency": currency,
        "unconverted": waiting.unconverted,
    }


def _expected(expected: Expected, currency: str) -> dict[str, Any]:
    return {
        "weeks": expected.weeks,
        "objects": float(expected.objects) if expected.objects is not None else None,
        "amount": _amount(expected.amount, currency),
        "least": _amount(expected.least, currency),
        "most": _amount(expected.most, currency),
        "unconverted": expected.unconverted,
    }


def _amount(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else format_amount(round(amount, 2), currency)
