"""What two sides say of one field, and whether that is far enough apart to be a disagreement."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from domain.milestone import Milestone
from domain.money import format_amount, from_units, is_storable, parse_amount, to_units
from domain.reconcile_rule import AMOUNT, ATTRIBUTES, ReconcileRule


class Stated(NamedTuple):
    """An amount in billionths and its currency."""

    units: int
    currency: str

    def __str__(self) -> str:
        amount = from_units(self.units)
        # With the currency's own decimals, but for what is too large to be an amount.
        written = format_amount(amount, self.currency) if is_storable(amount) else f"{amount:f}"
        return f"{written} {self.currency}"

    @property
    def amount(self) -> Decimal | None:
        """The amount; None where a sum is more than the store can hold."""
        amount = from_units(self.units)
        return amount if is_storable(amount) else None


Value = Stated | str


@dataclass(frozen=True, slots=True)
class Difference:
    """A disagreement in words, with what each side says.

    `apart` is how far amounts are apart, and `at_risk` the money that the disagreement is about: that, or what the left
    says where it cannot be known; None where the disagreement is not about money.
    """

    text: str
    left: str
    right: str
    apart: Stated | None = None
    at_risk: Stated | None = None

    @property
    def fills(self) -> Mapping[str, str]:
        """What annotations may say of it."""
        known = {"left": self.left, "right": self.right}
        return known if self.apart is None else known | {"difference": str(self.apart)}


def value_of(milestone: Milestone, field: str) -> Value | None:
    """What an event itself states of a field; None where it says nothing of it, or of which currency an amount is."""
    facts = milestone.facts
    if field == AMOUNT:
        amount = facts.stated_amount
        return None if amount is None or not facts.currency else Stated(to_units(amount), facts.currency)
    text = facts.stated_text(field)
    # How a text is spaced says nothing.
    return " ".join(text.split()) or None if text else None


def tolerance(rule: ReconcileRule, left_units: int) -> tuple[int, int]:
    """How far apart numbers may be, as a numerator and denominator of billionths: the larger of both tolerances."""
    den = rule.relative.denominator
    return max(to_units(rule.absolute) * den, rule.relative.numerator * abs(left_units)), den


def differs(rule: ReconcileRule, field: str, left: Value, right: Value) -> bool:
    """Whether two values of a field disagree."""
    if isinstance(left, Stated) and isinstance(right, Stated):
        return left.currency != right.currency or _is_apart(rule, left.units, right.units)
    if left != right and field in rule.numbers and (numbers := _both_numbers(left, right)):
        return _is_apart(rule, *numbers)
    return left != right


def difference(rule: ReconcileRule, field: str, left: Value, right: Value) -> Difference:
    """How two values that disagree do so."""
    if isinstance(left, Stated) and isinstance(right, Stated):
        return difference_of_amounts(rule, left, right, str(rule.right))
    text = f'{rule.left} says {field.removeprefix(ATTRIBUTES)} "{left}", {rule.right} says "{right}"'
    if field in rule.numbers and (numbers := _both_numbers(left, right)):
        text += f": {format_amount(from_units(abs(numbers[0] - numbers[1])), None)} apart"
    return Difference(text, str(left), str(right))


def difference_of_amounts(rule: ReconcileRule, left: Stated, right: Stated, right_name: str) -> Difference:
    """How two amounts that disagree do so: in currency, or by more than is tolerated."""
    said = f"{rule.left} says {left}, {right_name} says {right}"
    if left.currency != right.currency:
        text = f"{said}: two currencies, which cannot be compared"
        return Difference(text, str(left), str(right), at_risk=left)
    apart = Stated(abs(left.units - right.units), left.currency)
    most, den = tolerance(rule, left.units)
    # Shown to the next billionth below.
    tolerated = f" where {Stated(most // den, left.currency)} is tolerated" if most else ""
    return Difference(f"{said}: {apart} apart{tolerated}", str(left), str(right), apart, apart)


def _is_apart(rule: ReconcileRule, left: int, right: int) -> bool:
    most, den = tolerance(rule, left)
    return abs(left - right) * den > most


def _both_numbers(left: Value, right: Value) -> tuple[int, int] | None:
    try:
        return to_units(parse_amount(str(left))), to_units(parse_amount(str(right)))
    except (ValueError, InvalidOperation):
        return None
