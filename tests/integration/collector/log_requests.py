"""OTLP log requests to send."""

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from domain.instants import to_micros
from tests.builders import NOW, AttributeValue, any_value, key_values

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NANOS = to_micros(NOW) * 1000 + 1


def log_request(*records: LogRecord, service: str = "erp") -> bytes:
    """A log request of one service."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add(schema_url="https://resource.example/1")
    group.resource.attributes.extend(key_values({"service.name": service}))
    scope_logs = group.scope_logs.add(schema_url="https://scope.example/1")
    scope_logs.scope.name, scope_logs.scope.version = "orders", "1.2"
    scope_logs.scope.attributes.extend(key_values({"pool": 4}))
    scope_logs.log_records.extend(records)
    return request.SerializeToString()


def record(body: AttributeValue = "posting failed", severity: int = 17, **changes: Any) -> LogRecord:
    """An error record tied to a span."""
    return LogRecord(
        **{
            "time_unix_nano": NANOS,
            "severity_number": severity,
            "severity_text": "ERROR",
            "body": any_value(body),
            "trace_id": bytes.fromhex(TRACE),
            "span_id": bytes.fromhex(SPAN),
            **changes,
        }
    )
