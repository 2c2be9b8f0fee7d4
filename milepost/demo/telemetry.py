"""Tells planned spans to the OpenTelemetry SDK, one tracer provider per service, and exports them over OTLP/HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Self

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from domain.instants import to_micros
from milepost.demo.traces import SERVICES, SpanPlan

_QUEUE_SIZE = 16_384
_EXPORT_SIZE = 4096


class RemoteError(Exception):
    """What a called system threw; recorded on the spans of the call."""


class _PlannedIds(IdGenerator):
    """Gives out the ids that the plan names, since events already carry them."""

    trace_id = 0
    span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _CountingExporter(SpanExporter):
    """Passes spans on and counts those exported and those lost."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.exported = 0
        self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.exported += len(spans)
        else:
            self.lost += len(spans)
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class Telemetry:
    """The six systems' tracing; all of them share one export pipeline to `{endpoint}/v1/traces`."""

    def __init__(self, endpoint: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self._ids = _PlannedIds()
        session = requests.Session()
        # As the sender of the events: a proxy of the environment knows no way to this machine's loopback.
        session.trust_env = False
        self._exporter = _CountingExporter(
            OTLPSpanExporter(
                endpoint=f"{endpoint}/v1/traces", headers=dict(headers), compression=Compression.Gzip, session=session
            )
        )
        self._processor: SpanProcessor = BatchSpanProcessor(
            self._exporter,
            max_queue_size=_QUEUE_SIZE,
            max_export_batch_size=_EXPORT_SIZE,
            schedule_delay_millis=500,
        )
        self._tracers = {service: self._provider(service).get_tracer("milepost.demo") for service in SERVICES}
        self._unflushed = 0

    def _provider(self, service: str) -> TracerProvider:
        resource = Resource.create(
            {"service.name": service, "service.namespace": "northlight", "deployment.environment": "demo"}
        )
        provider = TracerProvider(ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        return provider

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processor.shutdown()

    @property
    def exported(self) -> int:
        """How many spans the collector has taken."""
        return self._exporter.exported

    @property
    def lost(self) -> int:
        """How many spans were given up after the exporter's own tries."""
        return self._exporter.lost

    def record(self, plans: Sequence[SpanPlan]) -> None:
        """Makes the spans; pauses to export rather than to let the queue overflow, which would drop some."""
        for plan in plans:
            self._record_one(plan)
            self._unflushed += 1
            if self._unflushed >= _QUEUE_SIZE // 2:
                self.flush()

    def flush(self) -> None:
        """Waits until everything recorded so far is exported or lost."""
        self._processor.force_flush()
        self._unflushed = 0

    def _record_one(self, plan: SpanPlan) -> None:
        self._ids.trace_id, self._ids.span_id = plan.trace_id, plan.span_id
        span = self._tracers[plan.service].start_span(
            plan.name,
            context=_parent_context(plan),
            kind=plan.kind,
            attributes=plan.attributes,
            start_time=_nanos(plan.start),
        )
        if plan.failure is not None:
            error = RemoteError(plan.failure.message)
            kind = {"exception.type": plan.failure.error, "exception.stacktrace": ""}
            span.record_exception(error, attributes=kind, timestamp=_nanos(plan.failure.at))
            span.set_status(Status(StatusCode.ERROR, f"{plan.failure.error}: {plan.failure.message}"))
        span.end(end_time=_nanos(plan.end))


def _parent_context(plan: SpanPlan) -> Context:
    """The context a span is started in; an empty one for a root, whatever span this process itself is in."""
    if plan.parent_id is None:
        return Context()
    parent = SpanContext(plan.trace_id, plan.parent_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(parent), Context())


def _nanos(instant: datetime) -> int:
    return to_micros(instant) * 1000
