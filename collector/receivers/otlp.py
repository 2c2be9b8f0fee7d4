"""OTLP/HTTP trace requests: protobuf and JSON, checked here, unnested by ClickHouse.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from collector.receivers.otlp_values import flatten, may_hold_nested
from domain.errors import InputError

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
# google.rpc.Code, https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE = 3, 8, 14
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_json_decoder = msgspec.json.Decoder()
# Ids are hexadecimal in OTLP/JSON, unlike the base64 that protobuf's own JSON mapping has for bytes.
_HEX_FIELDS = {"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"}


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
    request = _from_json(body)
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


def _from_json(body: bytes) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    try:
        document = _json_decoder.decode(body)
        if not isinstance(document, dict):
            raise TypeError("it is no JSON object")
        _hex_to_base64(document)
        json_format.ParseDict(document, request, ignore_unknown_fields=True)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError("invalid_json", f"the body is not JSON: {error}") from None
    except RecursionError:
        raise InputError("invalid_json", "the body is nested too deeply") from None
    except (json_format.ParseError, ValueError, TypeError, AttributeError) as error:
        text = str(error)[:300]
        raise InputError("invalid_otlp", f"the body is not an OTLP ExportTraceServiceRequest: {text}") from None
    return request


def _hex_to_base64(document: Any) -> None:
    """Rewrites the ids of spans and links in place."""
    for resource_spans in _list(document, "resourceSpans", "resource_spans"):
        for scope_spans in _list(resource_spans, "scopeSpans", "scope_spans"):
            for span in _list(scope_spans, "spans"):
                _rewrite_ids(span)
                for link in _list(span, "links"):
                    _rewrite_ids(link)


def _list(parent: Any, *names: str) -> list[Any]:
    if isinstance(parent, dict):
        for name in names:
            if isinstance(parent.get(name), list):
                return list(parent[name])
    return []


def _rewrite_ids(item: Any) -> None:
    if not isinstance(item, dict):
        return
    for name in _HEX_FIELDS & item.keys():
        value = item[name]
        if isinstance(value, str) and value:
            try:
                item[name] = base64.b64encode(binascii.unhexlify(value)).decode("ascii")
            except (binascii.Error, ValueError):
                # Kept as an id of no valid length: the span is refused in a partial success, not the request.
                item[name] = ""
