"""What each system says an object is worth, and whether they agree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dashboard.formatting import exact_money
from domain.business_object import BusinessObject
from domain.money import Money
from storage.trace_view import HUB_TYPES, EventRecord

# What each system last stated, by its name.
Stated = dict[str, Money]


@dataclass(frozen=True, slots=True)
class Invoiced:
    """An order's invoices added up per system, beside what the order is worth."""

    order: BusinessObject
    invoices: int
    ordered: Stated
    summed: Stated

    @property
    def differs(self) -> bool:
        return len({*self.ordered.values(), *self.summed.values()}) > 1


def stated_amounts(events: Sequence[EventRecord]) -> dict[BusinessObject, Stated]:
    """What each system last stated about each object, from events in time order; a silent system is absent."""
    stated: dict[BusinessObject, Stated] = defaultdict(dict)
    for event in events:
        if event.amount is not None:
            for each in _spoken_of(event):
                stated[each][event.source] = Money(event.amount, event.currency)
    return dict(stated)


def invoiced(stated: dict[BusinessObject, Stated]) -> Invoiced | None:
    """The only order's invoices together: where it was billed twice, or for another amount."""
    orders = [each for each in stated if each.type == "order"]
    invoices = [found for each, found in stated.items() if each.type == "invoice"]
    if len(orders) != 1 or not invoices:
        return None
    summed: Stated = {}
    for system in {system for found in invoices for system in found}:
        amounts = [found[system] for found in invoices if system in found]
        if len({money.currency for money in amounts}) == 1:
            total = sum((money.amount for money in amounts), Decimal(0))
            summed[system] = Money(total, amounts[0].currency)
    return Invoiced(orders[0], len(invoices), stated[orders[0]], summed)


def disagreement(events: Sequence[EventRecord]) -> str | None:
    """The first amount that systems do not agree on, in words; None where they do."""
    stated = stated_amounts(events)
    for each, found in stated.items():
        if len(set(found.values())) > 1:
            words = ", ".join(f"{_exact(money)} in {system}" for system, money in found.items())
            return f"{each} is worth {words}"
    together = invoiced(stated)
    if together and together.differs:
        worth, billed = next(iter(together.ordered.values())), next(iter(together.summed.values()))
        return f"{together.order} is worth {_exact(worth)}, but its invoices come to {_exact(billed)}"
    return None


def _exact(money: Money) -> str:
    return exact_money(money.amount, money.currency or None)


def _spoken_of(event: EventRecord) -> list[BusinessObject]:
    """The objects whose amount an event states: what it makes of others, else the only one it is about."""
    made = [each for each, _ in event.objects if each.type == event.type.partition(".")[0]]
    about = [each for each, _ in event.objects if each.type not in HUB_TYPES]
    return made or (about if len(about) == 1 else [])
