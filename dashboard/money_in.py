"""Amounts of today in the currency that the reader chose; what has no rate stays as it was stated."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from dashboard import reads
from domain.conversion import EXACT, conversion
from storage.overview import MoneyAtRisk, RuleCount

Row = TypeVar("Row", MoneyAtRisk, RuleCount)


def amount_in(amount: Decimal, currency: str, wanted: str) -> Decimal | None:
    """An amount in another currency, at today's rates; None where one of the two has none."""
    return conversion(reads.rates(), reads.reporting_currency(), wanted)(amount, currency)


def risk_in(rows: Sequence[MoneyAtRisk], wanted: str) -> list[MoneyAtRisk]:
    """Money at risk added up in a currency, state by state; what has no rate stands after it."""

    def added(one: MoneyAtRisk, other: MoneyAtRisk) -> MoneyAtRisk:
        return replace(one, objects=one.objects + other.objects, unknown=one.unknown + other.unknown)

    return _added_up(rows, wanted, lambda row: row.state, added)


def counts_in(rows: Sequence[RuleCount], wanted: str) -> list[RuleCount]:
    """Open alerts with what is behind them added up in a currency, rule by rule and state by state."""

    def added(one: RuleCount, other: RuleCount) -> RuleCount:
        return replace(one, alerts=one.alerts + other.alerts, unknown=one.unknown + other.unknown)

    return _added_up(rows, wanted, lambda row: (row.rule, row.state), added)


def _added_up(
    rows: Sequence[Row], wanted: str, of: Callable[[Row], object], added: Callable[[Row, Row], Row]
) -> list[Row]:
    sums: dict[object, Row] = {}
    others: list[Row] = []
    for row in rows:
        amount = None if row.amount is None or not row.currency else amount_in(row.amount, row.currency, wanted)
        if amount is None:
            others.append(row)
            continue
        converted = replace(row, currency=wanted, amount=amount)
        last = sums.get(of(row))
        if last is not None and last.amount is not None:
            converted = replace(added(last, converted), amount=EXACT.add(last.amount, amount))
        sums[of(row)] = converted
    return list(sums.values()) + others
