"""OTLP/HTTP trace requests: protobuf and JSON, checked here, unnested by ClickHouse.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from collector.receivers.otlp_json import entries, read_json, rewrite_ids
from collector.receivers.otlp_values import flatten, may_hold_nested
from domain.errors import InputError

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
# google.rpc.Code, https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE = 3, 8, 14
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)


@dataclass(slots=True)
class TraceRequest:
    """The spans of one request: a protobuf body fit for the store, and what had to be left out of it."""

    body: bytes
    spans: int
    rejected_spans: int = 0
    error_message: str = ""


def read_traces(media_type: str, body: bytes) -> TraceRequest:
    """A checked trace request; InputError where the body is not one in its media type."""
    if media_type == PROTOBUF:
        request = ExportTraceServiceRequest()
        try:
            request.ParseFromString(body)
        except DecodeError:
            raise InputError("invalid_protobuf", "the body is not an OTLP ExportTraceServiceRequest") from None
        if may_hold_nested(body):
            flatten(request)
            body = request.SerializeToString()
        return _check(request) or TraceRequest(body, _count(request))
    request = read_json(body, ExportTraceServiceRequest(), _rewrite_ids)
    flatten(request)
    return _check(request) or TraceRequest(request.SerializeToString(), _count(request))


def success(media_type: str, rejected_spans: int, message: str) -> bytes:
    """The response to a request that was taken, wholly or in part, in the request's encoding."""
    response = ExportTraceServiceResponse()
    if rejected_spans:
        response.partial_success.rejected_spans = rejected_spans
        response.partial_success.error_message = message
    return _encode(media_type, response)


def failure(media_type: str, code: int, message: str) -> bytes:
    """The `Status` that answers a refused request, in the request's encoding."""
    return _encode(media_type, Status(code=code, message=message))


def _encode(media_type: str, message: Any) -> bytes:
    if media_type == JSON:
        return json_format.MessageToJson(message, indent=None).encode()
    encoded: bytes = message.SerializeToString()
    return encoded


def _groups(request: ExportTraceServiceRequest) -> Iterator[ScopeSpans]:
    for resource_spans in request.resource_spans:
        yield from resource_spans.scope_spans


def _count(request: ExportTraceServiceRequest) -> int:
    return sum(len(group.spans) for group in _groups(request))


def _check(request: ExportTraceServiceRequest) -> TraceRequest | None:
    """None where every span has ids of the right length; else the request without those that have not."""
    rejected = 0
    for group in _groups(request):
        good = [span for span in group.spans if _has_ids(span)]
        if len(good) < len(group.spans):
            rejected += len(group.spans) - len(good)
            kept = [type(span).FromString(span.SerializeToString()) for span in good]
            del group.spans[:]
            group.spans.extend(kept)
    if not rejected:
        return None
    message = f"{rejected} spans have no 16-byte trace_id and 8-byte span_id, or one of zeros"
    return TraceRequest(request.SerializeToString(), _count(request), rejected, message)


def _has_ids(span: Span) -> bool:
    """An id of another length, or of zeros alone, is invalid, says trace.proto."""
    trace_id, span_id = span.trace_id, span.span_id
    return len(trace_id) == 16 and len(span_id) == 8 and trace_id != _NO_TRACE and span_id != _NO_SPAN


def _rewrite_ids(document: Any) -> None:
    for resource_spans in entries(document, "resourceSpans", "resource_spans"):
        for scope_spans in entries(resource_spans, "scopeSpans", "scope_spans"):
            for span in entries(scope_spans, "spans"):
                rewrite_ids(span)
                for link in entries(span, "links"):
                    rewrite_ids(link)
