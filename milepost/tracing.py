"""Sends Milepost's own spans where OTEL_EXPORTER_OTLP_ENDPOINT says; without it they cost nothing."""

import os
from collections.abc import Callable

from opentelemetry import trace


def configure_tracing() -> Callable[[], None]:
    """Installs the SDK when an endpoint is configured; the function given back sends what is left and ends it."""
    if not (os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")):
        return lambda: None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "milepost"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider.shutdown
