"""Makes rules and histories for the tests of what two sides say of an object."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.milestone import Facts, Milestone
from domain.reconcile_rule import ReconcileRule, Side
from tests.unit.rules.histories import event

HOUR = timedelta(hours=1)


def rule(**changes: object) -> ReconcileRule:
    """What was approved must be the sum of what was posted, within 1.00 or 0.5%, in four hours."""
    plain: dict[str, object] = {
        "object_type": "order",
        "left": Side(("approved",)),
        "right": Side(("posted",)),
        "on": ("amount",),
        "sums": True,
        "absolute": Decimal("1.00"),
        "relative": Fraction(5, 1000),
        "settle": 4 * HOUR,
        **changes,
    }
    return ReconcileRule(group="reconciliation", name="AmountsApart", version="v1", **plain)  # type: ignore[arg-type]


def latest(*on: str, **changes: object) -> ReconcileRule:
    """The CRM and the billing system must say the same."""
    sides = {"left": Side(("noted",), "crm", "crm"), "right": Side(("noted",), "billing", "billing")}
    return rule(**{"on": on, "sums": False, "absolute": Decimal(0), "relative": Fraction(0), **sides, **changes})


def money(type_: str, occurred: str, amount: str | None, currency: str = "EUR", **changes: Any) -> Milestone:
    facts = Facts(Decimal(amount), currency) if amount else Facts()
    return event(type_, occurred, facts=facts, **changes)


def noted(source: str, occurred: str, received: str | None = None, **attributes: str) -> Milestone:
    return event(
        "noted", occurred, received, source=source, event_id=f"{source}@{occurred}", facts=Facts(attributes=attributes)
    )
