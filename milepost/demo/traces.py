"""The spans that a case leaves behind, planned before they are told to the OpenTelemetry SDK.

Every leg of a case (quote, order, contract, fulfilment, invoice, payment) is one trace. A step that one system
hands to another goes through the middleware: a consumer span, and for every try a client span there and a server
span in the called system; the last server span emits the event. Ids follow from the seed, the case and the step,
so that an event can name its span without the span having to be made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from opentelemetry.trace import SpanKind

from milepost.demo.case import Case, Failure, Happening

SERVICES = ("billing", "cpq", "crm", "erp", "middleware", "payments")


@dataclass(frozen=True, slots=True)
class Hop:
    """How a step shows in traces; with a `route` the middleware calls the system, else the system acts itself."""

    leg: str
    name: str
    route: str | None = None
    carrier: str | None = None
    kind: SpanKind = SpanKind.INTERNAL


HOPS = {
    "opportunity.won": Hop("quote", "close opportunity", kind=SpanKind.SERVER),
    "quote.created": Hop("quote", "create quote"),
    "quote.approved": Hop("quote", "approve quote", kind=SpanKind.PRODUCER),
    "order.created": Hop("quote", "POST", "/erp/sales-orders", "quote.to_order"),
    "order.approved": Hop("order", "approve order", kind=SpanKind.PRODUCER),
    "credit.hold_applied": Hop("order", "block order"),
    "credit.hold_released": Hop("order", "release order"),
    "order.transmitted": Hop("order", "order.transmit", kind=SpanKind.CONSUMER),
    "order.posted": Hop("order", "POST", "/erp/orders"),
    "contract.activated": Hop("contract", "activate contract", kind=SpanKind.PRODUCER),
    "billing.configured": Hop("contract", "POST", "/billing/subscriptions", "contract.sync"),
    "order.fulfilled": Hop("fulfilment", "post goods issue"),
    "revenue.recognized": Hop("fulfilment", "recognize revenue"),
    "invoice.issued": Hop("invoice", "issue invoice"),
    "invoice.posted": Hop("invoice", "post invoice", kind=SpanKind.PRODUCER),
    "invoice.visible_in_crm": Hop("invoice", "PUT", "/crm/invoices", "invoice.sync"),
    "invoice.voided": Hop("invoice", "void invoice"),
    "credit_note.posted": Hop("invoice", "post credit note"),
    "payment.failed": Hop("payment", "decline payment"),
    "payment.received": Hop("payment", "receive payment", kind=SpanKind.PRODUCER),
    "payment.visible_to_account": Hop("payment", "POST", "/crm/payments", "payment.notify"),
    "payment.applied": Hop("payment", "apply payment"),
    "customer.created": Hop("customer", "create customer"),
    "forecast.stated": Hop("forecast", "state forecast", kind=SpanKind.SERVER),
    "customer.merged": Hop("customer", "merge customers"),
}
# A call that times out holds its connection for this long; others answer within half a second.
_TIMEOUT = timedelta(seconds=30)
_NETWORK = timedelta(milliseconds=4)
_SUCCESS_STATUS = {"POST": 201, "PUT": 200}


@dataclass(frozen=True, slots=True)
class SpanPlan:
    """One span as it is to be: everything the SDK is told, instants and ids included."""

    service: str
    name: str
    kind: SpanKind
    start: datetime
    end: datetime
    trace_id: int
    span_id: int
    parent_id: int | None
    attributes: dict[str, str | int]
    failure: Failure | None = None


def trace_id(seed: int, case: Case, happening: Happening) -> int:
    """The trace a step belongs to: one per leg, and one for each invoice."""
    return _id(16, seed, case.number, HOPS[happening.type].leg, happening.key)


def span_id(seed: int, case: Case, happening: Happening) -> int:
    """The span that emits a step's event."""
    return _id(8, seed, case.number, happening.type, happening.key)


def traceparent(seed: int, case: Case, happening: Happening) -> str:
    """The W3C trace context that a step's event carries."""
    return f"00-{trace_id(seed, case, happening):032x}-{span_id(seed, case, happening):016x}-01"


def spans_of(seed: int, case: Case) -> Iterator[SpanPlan]:
    """Every span of a case, parents before their children."""
    for happening in case.happenings:
        if HOPS[happening.type].route is None:
            yield _own_span(seed, case, happening)
        else:
            yield from _handoff(seed, case, happening)


# A case asks for the same few ids once for every span and event that names them.
@lru_cache(maxsize=1024)
def _id(size: int, *parts: object) -> int:
    # An id of zero is invalid; setting one bit keeps it valid whatever the digest.
    return int.from_bytes(blake2b("/".join(map(str, parts)).encode(), digest_size=size).digest(), "big") | 1


def _duration(span: int) -> timedelta:
    """Between 30 and 430 milliseconds, decided by the span's id, more often short than long."""
    draw = (span >> 8) % 1000 / 1000
    return timedelta(milliseconds=round(30 + 400 * draw**3, 3))


def _attributes(case: Case, happening: Happening) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "correlation.id": case.correlation_id,
        "legal_entity": case.entity.code,
        "region": case.entity.region,
    }
    for each in happening.objects:
        attributes.setdefault(f"{each.type}.id", each.id)
    return attributes


def _parent(seed: int, case: Case, happening: Happening) -> int | None:
    cause = happening.cause
    if cause is None or trace_id(seed, case, cause) != trace_id(seed, case, happening):
        return None
    return span_id(seed, case, cause)


def _own_span(seed: int, case: Case, happening: Happening) -> SpanPlan:
    hop, own = HOPS[happening.type], span_id(seed, case, happening)
    attributes = _attributes(case, happening)
    if hop.kind in (SpanKind.PRODUCER, SpanKind.CONSUMER):
        attributes |= {"messaging.system": "kafka", "messaging.destination.name": happening.type}
    end = happening.happened_at
    trace, parent = trace_id(seed, case, happening), _parent(seed, case, happening)
    start = end - _duration(own)
    return SpanPlan(happening.source, hop.name, hop.kind, start, end, trace, own, parent, attributes)


def _handoff(seed: int, case: Case, happening: Happening) -> Iterator[SpanPlan]:
    hop, trace = HOPS[happening.type], trace_id(seed, case, happening)
    parent = _parent(seed, case, happening)
    carrier = _id(8, seed, case.number, happening.type, happening.key, "carrier") if hop.carrier else None
    outcomes: list[Failure | datetime] = [*happening.failures]
    if happening.at is not None:
        outcomes.append(happening.at)
    tries = [_Try(seed, case, happening, number, outcome) for number, outcome in enumerate(outcomes)]
    if hop.carrier is not None and carrier is not None:
        first = tries[0].client_span(carrier)
        attributes = _attributes(case, happening) | {"messaging.system": "kafka"}
        start, end = first.start - _NETWORK, first.end + _NETWORK
        yield SpanPlan("middleware", hop.carrier, SpanKind.CONSUMER, start, end, trace, carrier, parent, attributes)
    for each in tries:
        client = each.client_span(carrier or parent)
        yield client
        yield each.server_span(client.span_id)


class _Try:
    """One HTTP call of the middleware to another system, seen from both ends."""

    def __init__(self, seed: int, case: Case, happening: Happening, number: int, outcome: Failure | datetime) -> None:
        hop = HOPS[happening.type]
        self.failure = outcome if isinstance(outcome, Failure) else None
        self.end = outcome.at if isinstance(outcome, Failure) else outcome
        self.source, self.name = happening.source, f"{hop.name} {hop.route}"
        self.trace = trace_id(seed, case, happening)
        step = (seed, case.number, happening.type, happening.key, number)
        self.client = _id(8, *step, "client")
        # The server span that succeeds is the one whose id the event carries.
        self.server = _id(8, *step, "server") if self.failure else span_id(seed, case, happening)
        status = self.failure.status if self.failure else _SUCCESS_STATUS[hop.name]
        self.start = self.end - (_TIMEOUT if status == 504 else _duration(self.server))
        self.attributes = _attributes(case, happening) | {
            "http.request.method": hop.name,
            "http.route": hop.route or "",
            "http.response.status_code": status,
            "http.request.resend_count": number,
        }

    def client_span(self, parent: int | None) -> SpanPlan:
        start, end = self.start - _NETWORK, self.end + _NETWORK
        attributes = self.attributes | {"server.address": self.source}
        kind, failure = SpanKind.CLIENT, self.failure
        return SpanPlan("middleware", self.name, kind, start, end, self.trace, self.client, parent, attributes, failure)

    def server_span(self, parent: int) -> SpanPlan:
        kind, attributes, failure = SpanKind.SERVER, self.attributes, self.failure
        return SpanPlan(
            self.source, self.name, kind, self.start, self.end, self.trace, self.server, parent, attributes, failure
        )
