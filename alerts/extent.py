"""How much of what waits behind an incident a conversation was told of, and whether it is materially more by now."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import msgspec

from domain.alert import Alert
from domain.money import Money
from domain.severity import severity_rank

# Twice as much is another situation; less than that waits for the next message.
_MATERIAL = 2


@dataclass(frozen=True, slots=True)
class Extent:
    """So many objects, so much money per currency (an object's once), and the worst severity, of what fires."""

    objects: int
    money: dict[str, Decimal]
    severity: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The extent that a row of the log holds; None where it holds none."""
        return msgspec.json.decode(text, type=cls) if text else None

    def write(self) -> str:
        """As the log keeps it."""
        return msgspec.json.encode(self).decode()

    def is_material_since(self, told: "Extent") -> bool:
        """Whether it is at least twice what was told, of something nothing was told of, or graver.

        Amounts are compared in their own currency; a currency that nobody was told of is more than twice nothing.
        """
        if self.objects >= _MATERIAL * told.objects or severity_rank(self.severity) < severity_rank(told.severity):
            return True
        return any(
            amount > 0 and amount >= _MATERIAL * told.money.get(currency, Decimal(0))
            for currency, amount in self.money.items()
        )


def extent_of(firing: Iterable[Alert]) -> Extent:
    """The extent of what these alerts are about."""
    alerts = list(firing)
    sums, _ = money_behind(alerts)
    severity = min((alert.severity for alert in alerts), key=severity_rank, default="")
    objects = len({alert.business_object for alert in alerts})
    return Extent(objects, {money.currency: money.amount for money in sums}, severity)


def money_behind(alerts: Iterable[Alert]) -> tuple[list[Money], int]:
    """Sums per currency of the objects behind the alerts, each once, and how many amounts are unknown."""
    behind = {alert.business_object: alert for alert in alerts}
    sums: dict[str, Decimal] = {}
    unknown = 0
    for alert in behind.values():
        if alert.amount is None or alert.currency is None:
            unknown += 1
        else:
            sums[alert.currency] = sums.get(alert.currency, Decimal(0)) + alert.amount
    return [Money(amount, currency) for currency, amount in sorted(sums.items())], unknown
