"""How a healthy case runs, step by step, and how long people and systems take for each."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from milepost.demo.case import Case, Happening, ObjectRef
from milepost.demo.company import Customer, LegalEntity, Product, draw_amount, share_of

SUBSCRIPTION_SHARE = 0.3
SPLIT_INVOICE_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Delay:
    """A log-normal waiting time, by its median and spread; never longer than `most`."""

    median: timedelta
    sigma: float
    most: timedelta

    def draw(self, rng: random.Random) -> timedelta:
        seconds = rng.lognormvariate(math.log(self.median.total_seconds()), self.sigma)
        return timedelta(seconds=round(min(seconds, self.most.total_seconds()), 3))


Pace = Mapping[str, Delay]


def _minutes(median: float, sigma: float, most: float) -> Delay:
    return Delay(timedelta(minutes=median), sigma, timedelta(minutes=most))


def _seconds(median: float, sigma: float, most: float) -> Delay:
    return Delay(timedelta(seconds=median), sigma, timedelta(seconds=most))


_DAY = 24 * 60
# What a step waits after its cause. The longest healthy wait of every watched handoff is well inside its
# window (8 h, 4 h or 1 h for platinum, 24 h, 2 h, 2 h) or working days, so that only faults raise alerts.
OFFICE_PACE: Pace = {
    "quote.created": _minutes(25, 0.7, 6 * 60),
    "quote.approved": _minutes(50, 0.8, 2 * _DAY),
    "order.created": _minutes(40, 0.7, 4 * 60),
    "order.approved": _minutes(20, 0.6, 5 * 60),
    "order.transmitted": _minutes(1.2, 0.4, 5),
    "order.posted": _minutes(9, 0.5, 30),
    "contract.activated": _minutes(70, 0.6, _DAY),
    "billing.configured": _minutes(150, 0.7, 13 * 60),
    "order.fulfilled": _minutes(1.6 * _DAY, 0.5, 9 * _DAY),
    "revenue.recognized": _minutes(_DAY, 0.3, 2 * _DAY),
    "invoice.issued": _minutes(95, 0.6, 18 * 60),
    "invoice.posted": _minutes(6, 0.5, 60),
    "invoice.visible_in_crm": _minutes(7, 0.6, 50),
    "payment.received": _minutes(11 * _DAY, 0.45, 50 * _DAY),
    "payment.visible_to_account": _minutes(9, 0.6, 60),
    "payment.applied": _minutes(160, 0.7, 2 * _DAY),
}
# The web shop sells spare parts against a card: the whole case takes minutes.
WEB_SHOP_PACE: Pace = {
    "quote.created": _seconds(20, 0.5, 90),
    "quote.approved": _seconds(8, 0.5, 40),
    "order.created": _seconds(5, 0.4, 15),
    "order.approved": _seconds(12, 0.5, 60),
    "order.transmitted": _seconds(2, 0.4, 6),
    "order.posted": _seconds(4, 0.4, 15),
    "contract.activated": _seconds(20, 0.5, 90),
    "billing.configured": _seconds(8, 0.5, 25),
    "order.fulfilled": _seconds(70, 0.5, 240),
    "revenue.recognized": _seconds(40, 0.4, 120),
    "invoice.issued": _seconds(15, 0.5, 60),
    "invoice.posted": _seconds(6, 0.4, 20),
    "invoice.visible_in_crm": _seconds(5, 0.4, 15),
    "payment.received": _seconds(60, 0.6, 240),
    "payment.visible_to_account": _seconds(5, 0.4, 15),
    "payment.applied": _seconds(20, 0.5, 90),
}


@dataclass(frozen=True, slots=True)
class Deal:
    """What a case is about, before anything has happened."""

    number: str
    entity: LegalEntity
    customer: Customer
    product: Product
    channel: str
    subscription: bool
    started_at: datetime


def write_case(deal: Deal, pace: Pace, rng: random.Random) -> Case:
    """A case in which everything goes well, from the opportunity won to the payment applied."""
    case = Case(deal.number, deal.entity, deal.customer, deal.product, deal.channel)
    total = draw_amount(rng, deal.entity, deal.product)
    writer = _Writer(case, pace, rng)
    quote, order = ObjectRef("quote", f"Q-{deal.number}"), ObjectRef("order", f"O-{deal.number}")
    opportunity = ObjectRef("opportunity", f"OPP-{deal.number}")

    won = case.add("opportunity.won", deal.started_at, None, [opportunity], total)
    created = writer.then(won, "quote.created", [opportunity, quote], total)
    quoted = writer.then(created, "quote.approved", [quote], total)
    ordered = writer.then(quoted, "order.created", [quote, order], total)
    approved = writer.then(ordered, "order.approved", [order], total)
    transmitted = writer.then(approved, "order.transmitted", [order], total)
    posted = writer.then(transmitted, "order.posted", [order], total)
    if deal.subscription:
        contract = ObjectRef("contract", f"CT-{deal.number}")
        activated = writer.then(posted, "contract.activated", [order, contract], total)
        writer.then(activated, "billing.configured", [contract], total)
    fulfilled = writer.then(posted, "order.fulfilled", [order], total)
    _write_cash(writer, fulfilled, total)
    writer.then(fulfilled, "revenue.recognized", [order], total)
    return case


def write_invoice(case: Case, cause: Happening, amount: Decimal, key: str, pace: Pace, rng: random.Random) -> Happening:
    """One invoice of the case's order, issued, posted and shown in the CRM; gives its posting."""
    writer = _Writer(case, pace, rng)
    order = ObjectRef("order", f"O-{case.number}")
    invoice = ObjectRef("invoice", f"INV-{case.number}-{key}")
    issued = writer.then(cause, "invoice.issued", [order, invoice], amount, key)
    posted = writer.then(issued, "invoice.posted", [invoice], amount, key)
    writer.then(posted, "invoice.visible_in_crm", [invoice], amount, key)
    return posted


class _Writer:
    """Adds steps to a case, each a drawn delay after its cause."""

    def __init__(self, case: Case, pace: Pace, rng: random.Random) -> None:
        self.case, self.pace, self.rng = case, pace, rng

    def then(self, cause: Happening, type_: str, objects: list[ObjectRef], amount: Decimal, key: str = "") -> Happening:
        at = cause.happened_at + self.pace[type_].draw(self.rng)
        return self.case.add(type_, at, cause, objects, amount, key)


def _write_cash(writer: _Writer, fulfilled: Happening, total: Decimal) -> None:
    case, rng = writer.case, writer.rng
    amounts = [total]
    if rng.random() < SPLIT_INVOICE_SHARE:
        part = share_of(total, rng.uniform(0.3, 0.7), case.entity.currency)
        amounts = [part, total - part]
    postings = [
        write_invoice(case, fulfilled, amount, str(index), writer.pace, rng)
        for index, amount in enumerate(amounts, start=1)
    ]
    for each in case.happenings:
        if len(amounts) > 1 and each.type == "invoice.issued":
            each.attributes["billing"] = "partial"
    invoices = [posting.objects[0] for posting in postings]
    payment = ObjectRef("payment", f"PAY-{case.number}")
    last = max(postings, key=lambda posting: posting.happened_at)
    received = writer.then(last, "payment.received", [payment, *invoices], total)
    writer.then(received, "payment.visible_to_account", [payment], total)
    # One payment settles several invoices, each by its own amount.
    for index, (invoice, posting) in enumerate(zip(invoices, postings, strict=True), start=1):
        key = str(index) if len(postings) > 1 else ""
        writer.then(received, "payment.applied", [payment, invoice], posting.amount, key)
