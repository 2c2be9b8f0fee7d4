"""How rules do, by the alerts they made: what stands, when they fired last, and how much of it was noise."""

from dataclasses import dataclass
from datetime import datetime

from storage.client import Store


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """Of one rule: `ended` alerts fired and are over, and `noise` of them nobody needed; None: it never fired."""

    alert: str
    firing: int
    at_risk: int
    suspended: int
    last_fired_at: datetime | None
    ended: int
    noise: int

    @property
    def noise_share(self) -> float | None:
        """The share of noise; None where nothing ended."""
        return self.noise / self.ended if self.ended else None


def rule_health(store: Store, since: datetime) -> dict[str, RuleHealth]:
    """How each rule does that ever made an alert, by its name; noise among what ended since an instant."""
    return {row["alert"]: RuleHealth(**row) for row in store.rows("console_rule_health", {"since": since})}
