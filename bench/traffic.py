"""Makes the requests of a benchmark beforehand: the same for the same seed, every id sent once."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xxhash
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SEED = 20261102
_START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
_BATCH = "application/cloudevents-batch+json"
_STRUCTURED = "application/cloudevents+json"
_PROTOBUF = "application/x-protobuf"
# What the systems say in the life of one order, and which of its objects each names.
_LIFE = (
    ("cpq", "quote.approved", ("quote", "customer")),
    ("erp", "order.created", ("quote", "order")),
    ("crm", "order.approved", ("order", "customer")),
    ("middleware", "order.transmitted", ("order",)),
    ("erp", "order.posted", ("order",)),
    ("erp", "order.fulfilled", ("order",)),
    ("erp", "invoice.issued", ("order", "invoice")),
    ("erp", "invoice.posted", ("invoice",)),
    ("crm", "invoice.visible_in_crm", ("invoice",)),
    ("payments", "payment.received", ("payment", "invoice")),
)
_REGIONS = (("EMEA", "DE01", "EUR"), ("AMER", "US01", "USD"), ("APAC", "JP01", "JPY"))
_HOPS = ("crm", "cpq", "middleware", "erp", "billing", "payments")
_KINDS = (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL)
SPANS_A_TRACE = 10
# Every body is a copy of one of a few with this in its trace ids replaced: making each anew takes longer than
# the collector takes to store it.
_TRACE_PLACE = b"\xf3\xa9\x5c\x17\xe1\x88\x2b\xd6"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request on the wire, how many events or spans it brings, and a sum over the ids of its events."""

    wire: bytes
    items: int
    checksum: int = 0


def event_batches(prefix: str, batches: int, events_a_batch: int) -> Iterator[Request]:
    """Batches of canonical events of consecutive orders."""
    rng = random.Random(SEED)
    for batch in range(batches):
        numbers = range(batch * events_a_batch, (batch + 1) * events_a_batch)
        body = b"[" + b",".join(_event(rng, prefix, number) for number in numbers) + b"]"
        yield Request(_post("/v1/events", _BATCH, body), events_a_batch, checksum(prefix, numbers))


def single_events(prefix: str, count: int) -> Iterator[Request]:
    """Requests of one canonical event each."""
    rng = random.Random(SEED)
    for number in range(count):
        body = _event(rng, prefix, number)
        yield Request(_post("/v1/events", _STRUCTURED, body), 1, checksum(prefix, range(number, number + 1)))


def checksum(prefix: str, numbers: range) -> int:
    """The sum of the identities' hashes modulo 2**64; queries/stored_events.sql sums them in the store."""
    total = 0
    for number in numbers:
        source = _LIFE[number % len(_LIFE)][0]
        total += xxhash.xxh3_64_intdigest(f"{source}\0{prefix}-{number}".encode())
    return total % 2**64


def span_bodies(prefix: int, bodies: int, spans_a_body: int) -> Iterator[Request]:
    """OTLP protobuf bodies of one service each, ten attributes a span, ten spans a trace."""
    rng = random.Random(SEED)
    templates = [_spans(rng, service, spans_a_body) for service in _HOPS]
    for number in range(bodies):
        place = (prefix + 1 << 32 | number).to_bytes(len(_TRACE_PLACE), "big")
        body = templates[number % len(templates)].replace(_TRACE_PLACE, place)
        yield Request(_post("/v1/traces", _PROTOBUF, body), spans_a_body)


def _event(rng: random.Random, prefix: str, number: int) -> bytes:
    order = number // len(_LIFE)
    source, type_, names = _LIFE[number % len(_LIFE)]
    region, entity, currency = _REGIONS[order % len(_REGIONS)]
    ids = {
        "customer": f"C-{order % 5000}",
        "quote": f"Q-{prefix}-{order}",
        "order": f"O-{prefix}-{order}",
        "invoice": f"I-{prefix}-{order}",
        "payment": f"P-{prefix}-{order}",
    }
    objects = [
        {"type": name, "id": ids[name], **({"qualifier": "buyer"} if name == "customer" else {})} for name in names
    ]
    occurred_at = _START + timedelta(milliseconds=37 * number)
    event = {
        "specversion": "1.0",
        "id": f"{prefix}-{number}",
        "source": source,
        "type": type_,
        "time": occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "correlationid": f"q2c-{prefix}-{order:06d}",
        "traceparent": f"00-{rng.getrandbits(128) | 1:032x}-{rng.getrandbits(64) | 1:016x}-01",
        "data": {
            "objects": objects,
            "amount": f"{rng.randrange(100, 5_000_000) / 100:.2f}",
            "currency": currency,
            "legal_entity": entity,
            "region": region,
            "attributes": {"tier": "gold" if order % 7 == 0 else "standard"},
        },
    }
    return json.dumps(event, separators=(",", ":")).encode()


def _spans(rng: random.Random, service: str, count: int) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in (("service.name", service), ("service.version", "4.2.1"), ("deployment.environment", "prod")):
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "integration", "1.9"
    for number in range(count):
        start = int(_START.timestamp() * 1e9) + number * 1_000_000
        trace = _TRACE_PLACE + (number // SPANS_A_TRACE).to_bytes(8, "big")
        span = scope.spans.add(
            trace_id=trace,
            span_id=rng.randbytes(8),
            parent_span_id=rng.randbytes(8) if number % SPANS_A_TRACE else b"",
            name=f"{service} {('POST', 'GET', 'PUT')[number % 3]} /orders",
            kind=_KINDS[number % len(_KINDS)],
            start_time_unix_nano=start,
            end_time_unix_nano=start + rng.randrange(1, 900) * 1_000_000,
        )
        span.status.code = Status.STATUS_CODE_ERROR if number % 50 == 0 else Status.STATUS_CODE_UNSET
        for key, text in (
            ("correlation.id", f"q2c-{number // SPANS_A_TRACE:06d}"),
            ("http.request.method", "POST"),
            ("url.full", f"https://{service}.internal.example/api/v2/orders/O-{number // SPANS_A_TRACE}"),
            ("server.address", f"{service}.internal.example"),
            ("user_agent.original", "integration-runtime/7.3"),
            ("messaging.destination.name", "orders"),
            ("order.id", f"O-{number // SPANS_A_TRACE}"),
        ):
            span.attributes.add(key=key).value.string_value = text
        for key, whole in (("http.response.status_code", 200), ("server.port", 443), ("retry.count", number % 3)):
            span.attributes.add(key=key).value.int_value = whole
    return request.SerializeToString()


def _post(path: str, content_type: str, body: bytes) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-type: {content_type}", f"content-length: {len(body)}"
    )  # fmt: skip
    return "\r\n".join((*lines, "", "")).encode() + body
