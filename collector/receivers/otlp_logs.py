"""OTLP log requests: protobuf and JSON, checked and counted here, unnested by ClickHouse.

Only errors are stored: what explains a broken hop. Other records are taken and counted, so that an SDK that sends all
its logs here need not be told apart from one that sends errors alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.receivers.otlp import JSON, PROTOBUF
from collector.receivers.otlp_json import entries, read_json, rewrite_ids
from collector.receivers.otlp_values import flatten_value
from domain.errors import InputError
from domain.instants import to_micros

# SEVERITY_NUMBER_ERROR, https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
# The same condition stands in otlp_logs_view, which leaves the others out.
_ERROR = 17
_ERROR_WORDS = frozenset({"ERROR", "CRITICAL", "FATAL"})


@dataclass(slots=True)
class LogRequest:
    """The records of one request: how many, how many are errors, and, where any are, a protobuf body for the store."""

    body: bytes
    records: int
    errors: int


def read_logs(media_type: str, body: bytes, observed_at: datetime) -> LogRequest:
    """A checked log request; InputError where the body is not one in its media type.

    An error that says no time gets the one it was observed at.
    """
    if media_type == PROTOBUF:
        request = ExportLogsServiceRequest()
        try:
            request.ParseFromString(body)
        except DecodeError:
            raise InputError("invalid_protobuf", "the body is not an OTLP ExportLogsServiceRequest") from None
    else:
        request = read_json(body, ExportLogsServiceRequest(), _rewrite_ids)
    groups = [group for resource_logs in request.resource_logs for group in resource_logs.scope_logs]
    records = sum(len(group.log_records) for group in groups)
    errors = [record for group in groups for record in group.log_records if is_error(record)]
    if not errors:
        return LogRequest(b"", records, 0)
    was_dated = _date(errors, observed_at)
    # The store reads scalar values only.
    if _flatten(request) or was_dated or media_type == JSON:
        body = request.SerializeToString()
    return LogRequest(body, records, len(errors))


def logs_success(media_type: str) -> bytes:
    """The response to a request that was taken, in the request's encoding."""
    return b"{}" if media_type == JSON else bytes(ExportLogsServiceResponse().SerializeToString())


def _date(errors: Iterable[LogRecord], observed_at: datetime) -> bool:
    """Gives the errors without a time one, in place; whether there was one.

    Here and not in the store: a record that is stored again would have another each time.
    """
    undated = [record for record in errors if not record.time_unix_nano and not record.observed_time_unix_nano]
    for record in undated:
        record.observed_time_unix_nano = to_micros(observed_at) * 1000
    return bool(undated)


def _flatten(request: ExportLogsServiceRequest) -> bool:
    """Replaces every nested value by its JSON text, in place; whether there was one."""
    return sum(map(flatten_value, _values(request))) > 0


def _values(request: ExportLogsServiceRequest) -> Iterator[AnyValue]:
    for resource_logs in request.resource_logs:
        yield from (attribute.value for attribute in resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            yield from (attribute.value for attribute in scope_logs.scope.attributes)
            for record in scope_logs.log_records:
                yield record.body
                yield from (attribute.value for attribute in record.attributes)


def is_error(record: LogRecord) -> bool:
    """Whether a record is stored."""
    if record.severity_number:
        return record.severity_number >= _ERROR
    return record.severity_text.upper() in _ERROR_WORDS


def _rewrite_ids(document: Any) -> None:
    for resource_logs in entries(document, "resourceLogs", "resource_logs"):
        for scope_logs in entries(resource_logs, "scopeLogs", "scope_logs"):
            for record in entries(scope_logs, "logRecords", "log_records"):
                rewrite_ids(record)
