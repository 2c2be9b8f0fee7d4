"""What two sides say of an object under a reconcile rule, beside each other, and what may be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.reconcile_rule import AMOUNT, ATTRIBUTES, CURRENCY, PRESENCE, ReconcileRule, Side
from rules.rule_text import build_rule
from storage.client import Store
from storage.rule_versions import read_rule_versions
from storage.trace_view import EventRecord

# A difference below this share of the left is most often rounding, a fee or a rate.
_SMALL = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class SideSays:
    """What one side says of each field; None where it says nothing. `events` it said it with, `at` the last of them.

    `currency` is that of its amount; of amounts in several currencies there is no sum.
    """

    name: str
    fields: dict[str, str | Decimal | None]
    events: int
    at: datetime | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, by how much their amounts differ, within which tolerance they would agree, and a suggestion."""

    left: SideSays
    right: SideSays
    difference: Decimal | None
    tolerance: str
    suggestion: str


def reconcile_rules(store: Store) -> dict[str, ReconcileRule]:
    """The reconcile rules in force by name, as the engine adopted them last."""
    latest = {version.alert: version.definition for version in read_rule_versions(store)}
    found = {}
    for name, definition in latest.items():
        try:
            rule = build_rule(definition)
        except ValueError:
            # One that this program cannot read judges nothing.
            continue
        if isinstance(rule, ReconcileRule):
            found[name] = rule
    return found


def compare(rule: ReconcileRule, events: Sequence[EventRecord]) -> Comparison:
    """The sides of an object by its events in time order."""
    left = _latest(rule.left, rule.on, [event for event in events if _says(rule.left, event)])
    right_events = [event for event in events if _says(rule.right, event)]
    less = [event for event in events if event.type in rule.less and rule.right.source in (None, event.source)]
    right = _summed(rule, right_events, less) if rule.sums else _latest(rule.right, rule.on, right_events)
    difference = _difference(left, right)
    return Comparison(left, right, difference, _tolerance(rule), _suggestion(rule, left, right, difference))


def _difference(left: SideSays, right: SideSays) -> Decimal | None:
    """By how much the right amount is more; None where one is unknown, or in another currency."""
    stated, found = left.fields.get(AMOUNT), right.fields.get(AMOUNT)
    if not isinstance(stated, Decimal) or not isinstance(found, Decimal) or left.currency != right.currency:
        return None
    return found - stated


def _says(side: Side, event: EventRecord) -> bool:
    return event.type in side.event_types and side.source in (None, event.source)


def _latest(side: Side, fields: Sequence[str], events: Sequence[EventRecord]) -> SideSays:
    said: dict[str, str | Decimal | None] = dict.fromkeys(name for name in fields if name != PRESENCE)
    currency = None
    for event in events:
        for name in said:
            value = _value(event, name)
            if value not in (None, ""):
                said[name] = value
        currency = event.currency if event.amount is not None else currency
    return SideSays(str(side), said, len(events), events[-1].occurred_at if events else None, currency)


def _summed(rule: ReconcileRule, events: Sequence[EventRecord], less: Sequence[EventRecord]) -> SideSays:
    said = _latest(rule.right, rule.on, events)
    stated = [event.amount for event in events if event.amount is not None]
    taken_off = [event.amount for event in less if event.amount is not None]
    currencies = {event.currency for event in (*events, *less) if event.amount is not None}
    total = sum(stated, Decimal(0)) - sum(taken_off, Decimal(0)) if stated and len(currencies) == 1 else None
    return SideSays(
        f"{said.name}, added up",
        {**said.fields, AMOUNT: total},
        len(events) + len(less),
        said.at,
        said.currency if total is not None else None,
    )


def _value(event: EventRecord, name: str) -> str | Decimal | None:
    if name == AMOUNT:
        return event.amount
    if name == CURRENCY:
        return event.currency
    if name.startswith(ATTRIBUTES):
        return event.attributes.get(name.removeprefix(ATTRIBUTES))
    return getattr(event, name, None)


def _tolerance(rule: ReconcileRule) -> str:
    parts = []
    if rule.absolute:
        parts.append(f"{rule.absolute:f}")
    if rule.relative:
        parts.append(f"{float(rule.relative) * 100:g} %")
    return (
        " or ".join(parts) + (", whichever is more" if len(parts) > 1 else "") if parts else "none: they must be equal"
    )


def _suggestion(rule: ReconcileRule, left: SideSays, right: SideSays, difference: Decimal | None) -> str:
    for side in (left, right):
        if not side.events:
            return f"{side.name} says nothing yet: ask for a replay, or accept it if it will never come."
    if left.currency and right.currency and left.currency != right.currency:
        return "The currencies differ: one system has the wrong one; correct it there before the amounts are compared."
    amount = left.fields.get(AMOUNT)
    if difference and isinstance(amount, Decimal):
        if abs(difference) <= _SMALL * abs(amount):
            return "Less than 1 %: most often rounding, a fee or a rate. Accept it if it does not matter."
        if rule.sums and any(type_.startswith("payment.") for type_ in rule.right.event_types):
            return (
                "Paid less than it should be: deducted, paid in parts, or the rest was applied to something else."
                if difference < 0
                else "Paid more than it should be: paid twice, or applied here although it pays something else."
            )
        if rule.sums and difference < 0:
            return "Less than it should be: something was not billed, or is credited twice."
        if rule.sums:
            return "More than it should be: something was billed twice, or a credit note is missing."
        return f"Correct the side that is wrong; {left.name} was stated first or is the one that counts."
    return "Correct the field in the system that is wrong; it agrees as soon as that system says so."
