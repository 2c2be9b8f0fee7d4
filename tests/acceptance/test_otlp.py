"""An instrumented program points its SDK at the real program, by either protocol."""

from pathlib import Path

import httpx
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from tests.acceptance.program import RunningMilepost, run_milepost

CORRELATION = """
span_mappings:
  - mapping: erp_order_posted
    service: erp
    span: POST /orders
    event: order.posted
    objects: [{type: order, id: order.id}]
"""


def post_order(order_id: str, exporter: SpanExporter) -> None:
    """What an ERP with OpenTelemetry in it sends when an order is posted."""
    provider = TracerProvider(resource=Resource({"service.name": "erp"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    with provider.get_tracer("orders").start_as_current_span("POST /orders", attributes={"order.id": order_id}):
        pass
    provider.shutdown()


def test_a_call_that_is_a_milestone_is_an_event_by_either_protocol(tmp_path: Path) -> None:
    (tmp_path / "correlation.yaml").write_text(CORRELATION, encoding="utf-8")
    with RunningMilepost(tmp_path, MILEPOST_CONFIG=str(tmp_path)) as milepost:
        address = milepost.address_of("grpc")

        post_order("O-1", GrpcExporter(address))
        post_order("O-2", HttpExporter(endpoint=f"{milepost.collector}/v1/traces"))

        metrics = httpx.get(f"{milepost.collector}/metrics", timeout=30).text
    assert "milepost_spans_stored_total 2.0" in metrics
    assert "milepost_events_stored_total 2.0" in metrics


def test_a_port_for_grpc_that_is_taken_is_told_with_the_setting(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path) as milepost:
        port = milepost.address_of("grpc").rpartition(":")[2]
        other = f"chdb://{tmp_path / 'other'}"
        ports = {"MILEPOST_COLLECTOR_PORT": "0", "MILEPOST_GRPC_PORT": port, "MILEPOST_CONSOLE_PORT": "0"}
        refused = run_milepost(tmp_path, "up", MILEPOST_STORE=other, **ports)

    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        f"port {port} on 127.0.0.1 is taken; stop what uses it or set MILEPOST_GRPC_PORT to another"
    )


def test_what_is_wrong_in_the_correlation_file_ends_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "correlation.yaml").write_text("object: {order.id: order}\n", encoding="utf-8")
    ports = {"MILEPOST_COLLECTOR_PORT": "0", "MILEPOST_GRPC_PORT": "0", "MILEPOST_CONSOLE_PORT": "0"}

    refused = run_milepost(tmp_path, "up", MILEPOST_CONFIG=str(tmp_path), **ports)

    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        f'{tmp_path}/correlation.yaml:1:1: unknown key "object"; did you mean "objects"? '
        "accepted: correlation_id, objects, span_mappings"
    )
