"""Leaves out of log requests what the store holds, for drains and replays that must not store a record twice.

A log record has no id, so it is told by all that it says, to the nanosecond. Two that are equal in everything and
stand in one request are both stored; of what the store holds each answers for one of them.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from collector.receivers.otlp_logs import LogRequest, is_error
from storage.client import Row, Store
from storage.log_records import stored_log_records

_Key = tuple[int, bytes, bytes, bytes]


def without_stored_logs(store: Store, request: LogRequest) -> LogRequest:
    """The request without the errors that the store holds; what is no error is never stored and stays."""
    return fresh_logs(store, [request])[0]


def fresh_logs(store: Store, requests: Sequence[LogRequest]) -> list[LogRequest]:
    """The requests, at least the first, without the errors that the store holds.

    They end before the first that may repeat a record of one before it: whether that one is stored is not known yet.
    """
    messages: list[ExportLogsServiceRequest] = []
    told: set[_Key] = set()
    for request in requests:
        message = ExportLogsServiceRequest.FromString(request.body)
        held = {_key_of(record) for record in _errors(message)}
        if messages and not told.isdisjoint(held):
            break
        messages.append(message)
        told |= held
    stored: dict[int, list[Row]] = {}
    for row in stored_log_records(store, {nanoseconds for nanoseconds, *_ in told}):
        stored.setdefault(row["nanoseconds"], []).append(row)
    # What is not given back is left for the next time.
    pairs = zip(requests, messages, strict=False)
    return [_without(stored, request, message) if stored else request for request, message in pairs]


def _without(stored: Mapping[int, list[Row]], request: LogRequest, message: ExportLogsServiceRequest) -> LogRequest:
    left = 0
    for resource_logs in message.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            fresh = [
                LogRecord.FromString(record.SerializeToString())
                for record in scope_logs.log_records
                if is_error(record) and not _is_taken(stored, resource_logs.resource, scope_logs.scope, record)
            ]
            del scope_logs.log_records[:]
            scope_logs.log_records.extend(fresh)
            left += len(fresh)
    return request if left == request.errors else replace(request, body=message.SerializeToString(), errors=left)


def _key_of(record: LogRecord) -> _Key:
    """What two records have in common that are equal in everything."""
    return _nanoseconds(record), record.trace_id, record.span_id, record.body.SerializeToString()


def _errors(message: ExportLogsServiceRequest) -> Iterator[LogRecord]:
    for resource_logs in message.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            yield from filter(is_error, scope_logs.log_records)


def _nanoseconds(record: LogRecord) -> int:
    # The view takes them as signed.
    nanoseconds = record.time_unix_nano or record.observed_time_unix_nano
    return nanoseconds if nanoseconds < 1 << 63 else nanoseconds - (1 << 64)


def _is_taken(
    stored: Mapping[int, list[Row]], resource: Resource, scope: InstrumentationScope, record: LogRecord
) -> bool:
    """Whether the store holds the record; what it holds then answers for no other."""
    rows = stored.get(_nanoseconds(record), [])
    for place, row in enumerate(rows):
        if _is_same(row, resource, scope, record):
            del rows[place]
            return True
    return False


def _is_same(row: Row, resource: Resource, scope: InstrumentationScope, record: LogRecord) -> bool:
    return (
        row["trace_id"] == _id_text(record.trace_id, 16)
        and row["span_id"] == _id_text(record.span_id, 8)
        and row["trace_flags"] == record.flags & 0xFF
        and row["severity_text"] == record.severity_text
        and row["severity_number"] == min(max(record.severity_number, 0), 255)
        and row["event_name"] == record.event_name
        and row["scope_name"] == scope.name
        and row["scope_version"] == scope.version
        and _says(row["body"], record.body)
        and _say(row["log_attributes"], record.attributes)
        and _say(row["resource_attributes"], resource.attributes)
        and _say(row["scope_attributes"], scope.attributes)
    )


def _id_text(id_: bytes, length: int) -> str:
    return id_.hex() if len(id_) == length and any(id_) else ""


def _say(texts: Mapping[str, str], attributes: Iterable[KeyValue]) -> bool:
    values = {attribute.key: attribute.value for attribute in attributes}
    return texts.keys() == values.keys() and all(_says(texts[key], value) for key, value in values.items())


def _says(text: str, value: AnyValue) -> bool:
    """Whether the store's text is that of a value."""
    match value.WhichOneof("value"):
        case "double_value":
            return _is_number(text, value.double_value)
        case "bool_value":
            return text == ("true" if value.bool_value else "false")
        case "int_value":
            return text == str(value.int_value)
        case "bytes_value":
            return text == base64.b64encode(value.bytes_value).decode()
        case _:
            return text == value.string_value


def _is_number(text: str, number: float) -> bool:
    """Digits are written in more than one way, the number they stand for is one."""
    try:
        return repr(float(text)) == repr(number)
    except ValueError:
        return False
