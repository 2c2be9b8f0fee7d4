"""What goes wrong at the demo company, each fault with what an observer sees of it."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from milepost.demo.case import Case, Failure, Happening, ObjectRef
from milepost.demo.company import ENTITIES, share_of
from milepost.demo.workflow import OFFICE_PACE, write_invoice

ALL_ENTITIES = tuple(entity.code for entity in ENTITIES)
# Waiting times before the middleware tries a call again, as integration platforms ship them.
BACKOFF = (timedelta(seconds=20), timedelta(seconds=90), timedelta(minutes=5), timedelta(minutes=15))
FLAKY_SYNC_SHARE = 0.2
RESENT_SHARE = 0.005


class Fault(Protocol):
    """A kind of trouble that strikes one case in every stretch of `every`."""

    @property
    def code(self) -> int:
        """What its case numbers begin with; no two faults have the same."""

    @property
    def every(self) -> timedelta: ...

    @property
    def entities(self) -> tuple[str, ...]:
        """The legal entities it strikes."""

    @property
    def subscription(self) -> bool:
        """Whether the cases it strikes must have a contract."""

    def strike(self, case: Case, rng: random.Random) -> None:
        """Changes a healthy case into one that shows the fault."""


def _hours(rng: random.Random, least: float, most: float) -> timedelta:
    return timedelta(seconds=round(rng.uniform(least, most) * 3600, 3))


def _fail(happening: Happening, times: int, error: str, message: str, status: int) -> datetime:
    """Lets the first tries of a handoff fail; gives the instant at which the next try would be made."""
    at = happening.happened_at
    for backoff in BACKOFF[:times]:
        happening.failures.append(Failure(at, error, message, status))
        at += backoff
    return at


@dataclass(frozen=True)
class ErpPostingStuck:
    """ERP posting for DE01 and FR01 has timed out since the evening before, on a period lock.

    Orders are approved and transmitted, but `order.posted` stays away: every `POST /erp/orders` ends in status
    ERROR with an ErpPostingTimeout, and the middleware gives up after four tries. OrderNotPosted fires when the
    window (4 h, platinum 1 h) has passed. The ERP team reposts by hand what has fired, oldest first, about an hour
    behind; a few orders nobody touches turn critical. New orders keep running into the lock.
    """

    since: datetime
    code: int = 1
    every: timedelta = timedelta(minutes=4)
    entities: tuple[str, ...] = ("DE01", "FR01")
    subscription: bool = False

    def concerns(self, case: Case) -> bool:
        """Whether a case's order would have had to be posted while the lock is on."""
        return case.entity.code in self.entities and case.first("order.transmitted").happened_at >= self.since

    def strike(self, case: Case, rng: random.Random) -> None:
        posted, approved = case.first("order.posted"), case.first("order.approved").happened_at
        message = f"period lock on company code {case.entity.code}"
        _fail(posted, len(BACKOFF), "ErpPostingTimeout", message, 504)
        failures = list(posted.failures)
        if rng.random() < 0.025:
            case.prevent(posted)
        elif case.customer.tier == "platinum":
            case.move(posted, approved + _hours(rng, 1.3, 3))
        else:
            case.move(posted, approved + _hours(rng, 4.15, 5.65))
        posted.failures = failures


@dataclass(frozen=True)
class OrderPostedLate:
    """An order outside the locked company codes waits in the ERP's inbound queue and is posted hours late.

    OrderNotPosted fires and is resolved, which is what history looks like where nothing is badly wrong.
    """

    code: int = 2
    every: timedelta = timedelta(hours=14)
    entities: tuple[str, ...] = ("GB01", "US01", "JP01")
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        case.move(case.first("order.posted"), case.first("order.approved").happened_at + _hours(rng, 4.2, 6))


@dataclass(frozen=True)
class QuoteForgotten:
    """An approved quote lies in an inbox before an order is made of it: QuoteNotOrdered fires, then resolves."""

    code: int = 3
    every: timedelta = timedelta(hours=10)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        case.move(case.first("order.created"), case.first("quote.approved").happened_at + _hours(rng, 9, 15))


@dataclass(frozen=True)
class BillingSetupLate:
    """A contract is active, but its billing is not set up for more than a day: BillingNotSetUp fires, then resolves."""

    code: int = 4
    every: timedelta = timedelta(hours=18)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = True

    def strike(self, case: Case, rng: random.Random) -> None:
        case.move(case.first("billing.configured"), case.first("contract.activated").happened_at + _hours(rng, 27, 44))


@dataclass(frozen=True)
class InvoiceSyncGivenUp:
    """The hop that shows invoices in the CRM fails at every try, and the middleware parks the message.

    The trace has four `PUT /crm/invoices` spans in ERROR; InvoiceNotVisible fires, until somebody sends the parked
    message again.
    """

    code: int = 5
    every: timedelta = timedelta(hours=9)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        visible = case.first("invoice.visible_in_crm")
        _fail(visible, len(BACKOFF), "CrmUnavailable", "row lock on account held by a bulk job", 503)
        failures = list(visible.failures)
        case.move(visible, case.first("invoice.posted").happened_at + _hours(rng, 2.5, 6))
        visible.failures = failures


@dataclass(frozen=True)
class PaymentShownLate:
    """Account management sees a payment hours after the bank reported it: PaymentNotVisible fires, then resolves."""

    code: int = 6
    every: timedelta = timedelta(hours=12)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        visible = case.first("payment.visible_to_account")
        case.move(visible, case.first("payment.received").happened_at + _hours(rng, 2.4, 6))


@dataclass(frozen=True)
class LateEvidence:
    """A payment was visible in time, but the CRM's message about it arrives hours later.

    PaymentNotVisible fires on what is known by then, and is retracted when the message comes in.
    """

    code: int = 7
    every: timedelta = timedelta(hours=6)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        case.first("payment.visible_to_account").held_back = _hours(rng, 2.5, 5)


@dataclass(frozen=True)
class DuplicateInvoice:
    """An order is invoiced a second time: another invoice id, the same order and amount, half an hour later.

    OrderInvoicedTwice fires, and is resolved when accounts receivable has voided the second invoice.
    """

    code: int = 8
    every: timedelta = timedelta(hours=16)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        first = case.first("invoice.issued")
        write_invoice(case, case.first("order.fulfilled"), first.amount, "R", OFFICE_PACE, rng)
        again = next(each for each in case.happenings if each.type == "invoice.issued" and each.key == "R")
        case.move(again, first.happened_at + timedelta(minutes=rng.randint(18, 45)))
        order_and_invoice = [each for each in again.objects if each.type != "customer"]
        case.add("invoice.voided", again.happened_at + _hours(rng, 6, 20), again, order_and_invoice, again.amount, "R")


@dataclass(frozen=True)
class AmountMismatch:
    """Freight is charged twice on the way: the ERP's invoice is a few percent above the order's amount in the CRM.

    InvoicedOtherThanOrdered fires, and is resolved when accounts receivable has credited the difference.
    """

    code: int = 9
    every: timedelta = timedelta(hours=20)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        surcharge = rng.uniform(0.02, 0.09)
        for each in list(case.happenings):
            if each.type.startswith("invoice."):
                above = share_of(each.amount, surcharge, case.entity.currency)
                each.amount += above
                if each.type == "invoice.issued":
                    order_and_invoice = [one for one in each.objects if one.type != "customer"]
                    credited_at = each.happened_at + _hours(rng, 60, 110)
                    case.add("credit_note.posted", credited_at, each, order_and_invoice, above, each.key)


@dataclass(frozen=True)
class CreditHoldForgotten:
    """Credit management blocks an order and looks at it only days later: CreditHoldNotReleased fires, then resolves.

    The hold stops the clock of OrderNotPosted, which stays quiet.
    """

    code: int = 10
    every: timedelta = timedelta(hours=30)
    entities: tuple[str, ...] = ("GB01", "US01", "JP01")
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        approved, transmitted = case.first("order.approved"), case.first("order.transmitted")
        order = [each for each in approved.objects if each.type == "order"]
        waited = transmitted.happened_at - approved.happened_at
        applied_at = approved.happened_at + timedelta(seconds=rng.randint(5, 20))
        held = case.add("credit.hold_applied", applied_at, approved, order, approved.amount)
        # Two working days and more, also over a weekend.
        released = case.add("credit.hold_released", applied_at + _hours(rng, 100, 140), held, order, approved.amount)
        case.move(transmitted, released.happened_at + waited)


@dataclass(frozen=True)
class CardDeclined:
    """A customer's payment is declined, and the retry gets through days later: PaymentNotRecovered, then resolved."""

    code: int = 11
    every: timedelta = timedelta(hours=30)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        received = case.first("payment.received")
        payment = [each for each in received.objects if each.type == "payment"]
        case.add("payment.failed", received.happened_at, received.cause, payment, received.amount)
        case.move(received, received.happened_at + _hours(rng, 75, 110))


@dataclass(frozen=True)
class DuplicateCustomer:
    """A new customer is entered by sales and again by the service desk, with the same tax id.

    CustomersAlike fires for the second record, until master data merges it.
    """

    code: int = 12
    every: timedelta = timedelta(days=4)
    entities: tuple[str, ...] = ALL_ENTITIES
    subscription: bool = False

    def strike(self, case: Case, rng: random.Random) -> None:
        won = case.first("opportunity.won")
        name, number = case.customer.name, f"{rng.randrange(10**9):09}"
        told = {"name": name, "tax_id": f"{case.entity.code[:2]}{number}"}
        first = self._tell(case, "customer.created", won.happened_at, won, "1", told)
        again_at = won.happened_at + _hours(rng, 20, 44)
        again = self._tell(case, "customer.created", again_at, first, "2", told | {"name": name.upper()})
        self._tell(case, "customer.merged", again_at + _hours(rng, 40, 90), again, "2", {})

    @staticmethod
    def _tell(
        case: Case, type_: str, at: datetime, cause: Happening, key: str, attributes: dict[str, str]
    ) -> Happening:
        """A step of a customer's record, which is not the buyer of anything yet."""
        record = ObjectRef("customer", f"N-{case.number}-{key}")
        happening = Happening(type_, at, cause, (record,), cause.amount, key, attributes=attributes)
        case.happenings.append(happening)
        return happening


@dataclass(frozen=True)
class FlakyInvoiceSync:
    """One invoice in five meets an overloaded CRM and gets through at the second or third try.

    No alert: the trace shows one or two `PUT /crm/invoices` spans in ERROR before the one that succeeded.
    """

    share: float = FLAKY_SYNC_SHARE

    def strike(self, case: Case, rng: random.Random) -> None:
        for visible in [each for each in case.happenings if each.type == "invoice.visible_in_crm"]:
            if not visible.failures and rng.random() < self.share:
                then = _fail(visible, rng.choice((1, 1, 2)), "CrmUnavailable", "request limit exceeded", 503)
                failures = list(visible.failures)
                case.move(visible, then)
                visible.failures = failures


# Late handoffs together are one to two in a hundred of all handoffs.
RECURRING: tuple[Fault, ...] = (
    OrderPostedLate(),
    QuoteForgotten(),
    BillingSetupLate(),
    InvoiceSyncGivenUp(),
    PaymentShownLate(),
    LateEvidence(),
    DuplicateInvoice(),
    AmountMismatch(),
    CreditHoldForgotten(),
    CardDeclined(),
    DuplicateCustomer(),
)
