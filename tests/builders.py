"""Valid things for tests to start from; a test names only what it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from domain.alert import Alert, AlertState, alert_id
from domain.business_object import BusinessObject
from domain.instants import to_micros
from storage.events import EventRow

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

AttributeValue = str | bool | int | float | bytes | list[Any] | dict[str, Any] | None


def event_row(
    event_id: str = "e-1",
    type: str = "order.approved",
    objects: Sequence[str] = ("order/O-1001",),
    *,
    source: str = "crm",
    occurred_at: datetime = NOW,
    received_at: datetime | None = None,
    amount: str | None = None,
    currency: str = "",
    attributes: Mapping[str, str] | None = None,
    correlation_id: str = "",
    trace_id: str = "",
    legal_entity: str = "",
    region: str = "",
    data: str = "",
) -> EventRow:
    """A checked event as `storage.events.insert_events` takes it; received when it occurred unless said.

    Objects read `type/id`, or `type/id/qualifier`.
    """
    named = [(*text.split("/"), "")[:3] for text in objects]
    return EventRow(
        source=source,
        event_id=event_id,
        type=type,
        occurred_us=to_micros(occurred_at),
        received_us=to_micros(received_at or occurred_at),
        correlation_id=correlation_id,
        causation_id="",
        trace_id=trace_id,
        span_id="",
        subject="",
        objects=[(type_, id_, qualifier) for type_, id_, qualifier in named],
        amount=amount,
        currency=currency,
        legal_entity=legal_entity,
        region=region,
        attributes=dict(attributes or {}),
        datacontenttype="application/json",
        dataschema="",
        extensions={},
        data=data,
        data_base64=False,
    )


def alert(name: str = "OrderNotPosted", object: str = "order/O-1001", **changes: Any) -> Alert:
    """A firing alert four hours after its clock started; `changes` are any of Alert's fields."""
    business_object = BusinessObject.parse(object)
    started_at = NOW - timedelta(hours=4)
    firing = Alert(
        alert_id=alert_id(name, business_object, ""),
        name=name,
        business_object=business_object,
        state=AlertState.FIRING,
        started_at=started_at,
        deadline_at=NOW,
        fired_at=NOW,
        resolved_at=None,
        severity="warning",
        amount=Decimal("12500.00"),
        currency="EUR",
        correlation_id="q2c-001001",
        reason="order.posted is 4h overdue",
        changed_at=NOW,
        recorded_at=NOW,
        version=1,
        rule_group="order_to_bill",
        rule_version="1",
        labels={"alertname": name, "severity": "warning", "object_type": business_object.type},
        annotations={"summary": f"{business_object} is late"},
    )
    return replace(firing, **changes)


def span(
    name: str = "POST /orders",
    *,
    trace_id: bytes = bytes(range(16)),
    span_id: bytes = bytes(range(8)),
    start: datetime = NOW,
    duration: timedelta = timedelta(milliseconds=250),
    attributes: Mapping[str, AttributeValue] | None = None,
    error: str | None = None,
) -> Span:
    """A server span of 250 ms; `error` makes its status Error with that message."""
    start_nano = to_micros(start) * 1000
    built = Span(
        trace_id=trace_id,
        span_id=span_id,
        name=name,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=start_nano,
        end_time_unix_nano=start_nano + duration // timedelta(microseconds=1) * 1000,
        attributes=key_values(attributes or {}),
    )
    if error is not None:
        built.status.code = built.status.STATUS_CODE_ERROR
        built.status.message = error
    return built


def otlp_request(
    *spans: Span, service: str = "crm", resource: Mapping[str, AttributeValue] | None = None
) -> ExportTraceServiceRequest:
    """An OTLP trace request of one service."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(key_values({"service.name": service, **(resource or {})}))
    group.scope_spans.add().spans.extend(spans)
    return request


def key_values(attributes: Mapping[str, AttributeValue]) -> list[KeyValue]:
    """OTLP attributes of plain Python values; None is an attribute without a value."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def any_value(value: AttributeValue) -> AnyValue:
    """The OTLP value of a plain Python one."""
    built = AnyValue()
    match value:
        case None:
            pass
        case bool():
            built.bool_value = value
        case int():
            built.int_value = value
        case float():
            built.double_value = value
        case str():
            built.string_value = value
        case bytes():
            built.bytes_value = value
        case list():
            built.array_value.SetInParent()
            built.array_value.values.extend(any_value(item) for item in value)
        case dict():
            built.kvlist_value.SetInParent()
            built.kvlist_value.values.extend(key_values(value))
    return built
