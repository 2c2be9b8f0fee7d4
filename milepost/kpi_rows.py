"""KPIs, their figures and cases as `milepost kpi --output json` and the API show them: plain JSON values."""

from decimal import Decimal
from typing import Any

from domain.instants import format_instant
from domain.kpi import Figure, Kpi, Money, Unit
from domain.money import format_amount
from storage.kpi_cases import CaseRow
from storage.kpi_values import Statement

Row = dict[str, Any]


def kpi_row(kpi: Kpi, currency: str) -> Row:
    """A definition; a target is in the KPI's unit, of money in the reporting currency."""
    return {
        "kpi": kpi.id,
        "title": kpi.title,
        "description": kpi.description,
        "unit": kpi.unit.value,
        "statistic": kpi.statistic.value,
        "better": kpi.direction.value,
        "target": None if kpi.target is None else _figure(kpi, kpi.target, currency),
        "owner": kpi.owner,
        "reads": kpi.cases.origin.value,
        "object_type": kpi.cases.object_type or None,
        "version": kpi.version,
    }


def figure_row(kpi: Kpi, figure: Figure) -> Row:
    """What a KPI came to, and the stretch before; unknown is null, and `reason` says why, or what is not in it."""
    currency = figure.closed.money.reporting_currency
    closed, waiting = figure.closed, figure.open
    return {
        "kpi": kpi.id,
        "title": kpi.title,
        "unit": kpi.unit.value,
        "label": figure.label,
        "from": format_instant(figure.since),
        "to": format_instant(figure.until),
        "value": _figure(kpi, figure.value, currency),
        "reason": figure.reason or None,
        "before": _figure(kpi, figure.before, currency),
        "target": _figure(kpi, kpi.target, currency),
        "met": kpi.is_met(figure.value),
        "closed": {
            "cases": closed.cases,
            "mean": _measure(closed.mean),
            "median": _measure(closed.median),
            "p90": _measure(closed.p90),
            "money": money_row(closed.money),
        },
        "open": {
            "cases": waiting.cases,
            "median_seconds": _measure(waiting.median_seconds),
            "p90_seconds": _measure(waiting.p90_seconds),
            "oldest_seconds": _measure(waiting.oldest_seconds),
            "money": money_row(waiting.money),
        },
    }


def case_row(case: CaseRow) -> Row:
    """One case behind a figure."""
    return {
        "object_type": case.object_type,
        "object_id": case.object_id,
        "started_at": format_instant(case.started_at),
        "ended_at": None if case.ended_at is None else format_instant(case.ended_at),
        "value": _measure(case.value),
        "amount": None if case.amount is None else format_amount(case.amount, case.currency),
        "currency": case.currency or None,
        "legal_entity": case.legal_entity or None,
        "region": case.region or None,
        "segment": case.segment or None,
        "source": case.source or None,
        "handoff": case.handoff or None,
        "rule": case.rule or None,
    }


def statement_row(kpi: Kpi, statement: Statement, currency: str) -> Row:
    """What was stated of a day, and what was stated first where late events changed it since."""
    day = statement.day
    return {
        "day": format_instant(day.starts_at)[:10],
        "legal_entity": day.legal_entity or None,
        "value": _figure(kpi, day.value, currency),
        "cases": day.cases,
        "unconverted": day.unconverted,
        "stated_at": format_instant(statement.stated_at),
        "restated": statement.is_restated,
        "first_value": _figure(kpi, statement.first_value, currency) if statement.is_restated else None,
    }


def _figure(kpi: Kpi, value: Decimal | None, currency: str) -> float | str | None:
    """Money as exact text, all else as a number."""
    if value is None:
        return None
    return format_amount(value, currency) if kpi.unit is Unit.MONEY else float(value)


def _measure(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def money_row(money: Money) -> Row:
    """Amounts by currency, and together in the reporting currency."""
    return {
        "by_currency": [
            {
                "currency": one.currency,
                "amount": None if one.amount is None else format_amount(one.amount, one.currency),
                "cases": one.cases,
            }
            for one in money.by_currency
        ],
        "currency": money.reporting_currency,
        "total": None if money.total is None else format_amount(money.total, money.reporting_currency),
        "unconverted": money.unconverted,
    }
