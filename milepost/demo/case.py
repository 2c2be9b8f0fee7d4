"""One run of the workflow as it is being written: what happens, caused by what, and what goes wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from milepost.demo.company import Customer, LegalEntity, Product

SOURCES = {
    "opportunity.won": "crm",
    "quote.created": "cpq",
    "quote.approved": "cpq",
    "order.created": "erp",
    "order.approved": "crm",
    "credit.hold_applied": "erp",
    "credit.hold_released": "erp",
    "order.transmitted": "middleware",
    "order.posted": "erp",
    "contract.activated": "cpq",
    "billing.configured": "billing",
    "order.fulfilled": "erp",
    "revenue.recognized": "erp",
    "invoice.issued": "erp",
    "invoice.posted": "erp",
    "invoice.visible_in_crm": "crm",
    "invoice.voided": "erp",
    "credit_note.posted": "erp",
    "payment.failed": "payments",
    "payment.received": "payments",
    "payment.visible_to_account": "crm",
    "payment.applied": "payments",
    "customer.created": "crm",
    "forecast.stated": "crm",
    "customer.merged": "crm",
}


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object an event names, as CloudEvents data writes it."""

    type: str
    id: str
    qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt: what the called system threw and the HTTP status it answered."""

    at: datetime
    error: str
    message: str
    status: int


@dataclass(slots=True, eq=False)
class Happening:
    """One step of a case; `at` is None while it never comes about and only its failures are seen."""

    type: str
    at: datetime | None
    cause: "Happening | None"
    objects: tuple[ObjectRef, ...]
    amount: Decimal
    # Tells two steps of one type apart: the second invoice of an order.
    key: str = ""
    failures: list[Failure] = field(default_factory=list)
    # How long after it happened the message about it is sent.
    held_back: timedelta = timedelta(0)
    # What its message says beside what every message of the case says.
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return SOURCES[self.type]

    @property
    def happened_at(self) -> datetime:
        """When it happened; only for steps that did."""
        if self.at is None:
            raise ValueError(f"{self.type} never happened")
        return self.at


@dataclass(slots=True, eq=False)
class Case:
    """One run through quote-to-cash, its steps in causal order."""

    number: str
    entity: LegalEntity
    customer: Customer
    product: Product
    channel: str
    happenings: list[Happening] = field(default_factory=list)
    fault: str | None = None

    @property
    def correlation_id(self) -> str:
        return f"q2c-{self.number}"

    @property
    def buyer(self) -> ObjectRef:
        return ObjectRef("customer", self.customer.id, "buyer")

    def add(
        self,
        type_: str,
        at: datetime,
        cause: Happening | None,
        objects: Iterable[ObjectRef],
        amount: Decimal,
        key: str = "",
    ) -> Happening:
        """Writes one more step and gives it back, so that the next can name it as its cause."""
        happening = Happening(type_, at, cause, (*objects, self.buyer), amount, key)
        self.happenings.append(happening)
        return happening

    def find(self, type_: str) -> Happening | None:
        """The first step of a type, if the case has one."""
        return next((happening for happening in self.happenings if happening.type == type_), None)

    def first(self, type_: str) -> Happening:
        """The first step of a type that every case has."""
        found = self.find(type_)
        if found is None:
            raise ValueError(f"{self.correlation_id} has no {type_}")
        return found

    def move(self, happening: Happening, to: datetime) -> None:
        """Lets a step happen at another instant; everything it leads to moves along."""
        by = to - happening.happened_at
        for each in (happening, *self._effects(happening)):
            each.at = each.happened_at + by
            each.failures = [Failure(f.at + by, f.error, f.message, f.status) for f in each.failures]

    def prevent(self, happening: Happening) -> None:
        """Lets a step never happen, nor anything it would have led to; its failed attempts stay."""
        effects = self._effects(happening)
        self.happenings = [each for each in self.happenings if each not in effects]
        happening.at = None

    def _effects(self, happening: Happening) -> list[Happening]:
        effects: list[Happening] = []
        for each in self.happenings:
            if each.cause is happening or each.cause in effects:
                effects.append(each)
        return effects
