"""What an instrumented program sends through the real OpenTelemetry SDK, and the rows it has to become."""

import json
from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, StatusCode, format_span_id, format_trace_id

ROWS = (
    "SELECT TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ScopeName, ScopeVersion, "
    "toUnixTimestamp64Nano(Timestamp) AS start, Duration, StatusCode, StatusMessage, ResourceAttributes, "
    "SpanAttributes, Events.Name AS events, Events.Attributes AS told, Links.SpanId AS links, CorrelationId "
    "FROM otel_traces ORDER BY start"
)


def recorded_spans() -> tuple[ReadableSpan, ...]:
    """Spans of one trace as an instrumented program ends them."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "middleware", "service.instance.id": 7}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("orders", "1.4")
    with tracer.start_as_current_span("consume order.approved", kind=SpanKind.CONSUMER) as parent:
        parent.set_attribute("correlation.id", "q2c-000001")
        for number in range(30):
            link = Link(parent.get_span_context(), {"why": "retry"})
            with tracer.start_as_current_span(f"POST /orders/{number}", kind=SpanKind.CLIENT, links=[link]) as child:
                child.set_attributes(
                    {"attempt": number, "share": 0.25, "ok": False, "lines": ["a", "b"], "größe": "\u00e9😀"}
                )
                child.add_event("retry", {"after": 1.5})
                child.set_status(StatusCode.ERROR, "timed out")
    return memory.get_finished_spans()


def export(exporter: SpanExporter, spans: tuple[ReadableSpan, ...]) -> None:
    try:
        assert exporter.export(spans) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()


def rows_of(spans: Sequence[ReadableSpan]) -> list[dict[str, Any]]:
    """What ROWS has to give for spans of the SDK."""
    return [_row_of(sent) for sent in sorted(spans, key=lambda sent: sent.start_time or 0)]


def _row_of(sent: ReadableSpan) -> dict[str, Any]:
    """The row that a span of the SDK has to become."""
    assert sent.attributes is not None
    assert sent.start_time is not None
    assert sent.end_time is not None
    assert sent.instrumentation_scope is not None
    return {
        "TraceId": format_trace_id(sent.context.trace_id),
        "SpanId": format_span_id(sent.context.span_id),
        "ParentSpanId": format_span_id(sent.parent.span_id) if sent.parent else "",
        "SpanName": sent.name,
        "SpanKind": sent.kind.name.capitalize(),
        "ServiceName": "middleware",
        "ScopeName": sent.instrumentation_scope.name,
        "ScopeVersion": sent.instrumentation_scope.version,
        "start": sent.start_time,
        "Duration": sent.end_time - sent.start_time,
        "StatusCode": sent.status.status_code.name.capitalize(),
        "StatusMessage": sent.status.description or "",
        "ResourceAttributes": {name: _as_text(value) for name, value in sent.resource.attributes.items()},
        "SpanAttributes": {name: _as_text(value) for name, value in sent.attributes.items()},
        "events": [event.name for event in sent.events],
        "told": [{name: _as_text(value) for name, value in (event.attributes or {}).items()} for event in sent.events],
        "links": [format_span_id(link.context.span_id) for link in sent.links],
        "CorrelationId": sent.attributes.get("correlation.id", ""),
    }


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return json.dumps(value, separators=(",", ":"))
    return str(value).lower() if isinstance(value, bool) else str(value)
