"""A milestone an object has reached, with what was known of the object at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an object when a milestone occurs; None is unknown.

    A value the milestone's own event states counts; one it leaves out is the latest that an earlier event
    of the same object stated. Amount and currency come from the same event. Attributes are the event's own.
    `left_out` names those of amount, legal_entity and region that the event itself leaves out.
    """

    amount: Decimal | None = None
    currency: str | None = None
    legal_entity: str | None = None
    region: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def stated_amount(self) -> Decimal | None:
        """The amount that the event itself states."""
        return None if "amount" in self.left_out else self.amount

    def stated_text(self, name: str) -> str | None:
        """What the event itself states of legal_entity, region, the currency of its amount, or attributes.KEY."""
        if name.startswith("attributes."):
            return self.attributes.get(name.removeprefix("attributes.")) or None
        if ("amount" if name == "currency" else name) in self.left_out:
            return None
        if name == "currency":
            return None if self.amount is None else self.currency
        return self.legal_entity if name == "legal_entity" else self.region


@dataclass(frozen=True, slots=True)
class Milestone:
    """One event of one object. (source, event_id) is its identity; `holds` are the rules' conditions on it.

    `holds` names the `where` texts that are true of this milestone; a text that is false or unknown (SQL
    NULL) is absent.
    """

    type: str
    occurred_at: datetime
    received_at: datetime
    source: str
    event_id: str
    correlation_id: str | None = None
    trace_id: str | None = None
    facts: Facts = field(default_factory=Facts)
    holds: frozenset[str] = frozenset()

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Time order that does not depend on arrival: equal instants go by identity."""
        return (self.occurred_at, self.source, self.event_id)
