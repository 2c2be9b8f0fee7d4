"""Tells what of trace requests is not stored yet, for drains and replays, and reads dead letters of their channel."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from collector.receivers import otlp
from collector.receivers.otlp import TraceRequest
from collector.replay import Fate
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter
from storage.stored_spans import SpanId, stored_spans


def read_fresh_spans(store: Store, _: DeadLetter, media_type: str, body: bytes) -> tuple[Fate, TraceRequest | None]:
    """What is to become of a letter, and its spans that are not stored."""
    request = otlp.read_traces(media_type, body)
    if request.rejected_spans and not request.spans:
        return Fate(AttemptOutcome.REJECTED, "invalid_ids", request.error_message), None
    fresh = without_stored(store, request)
    if not fresh.spans:
        return Fate(AttemptOutcome.DUPLICATE, reason=request.error_message), None
    return Fate(AttemptOutcome.ACCEPTED, reason=request.error_message), fresh


def without_stored(store: Store, request: TraceRequest) -> TraceRequest:
    """The request without the spans that the store holds."""
    return fresh_spans(store, [request])[0]


def fresh_spans(store: Store, requests: Sequence[TraceRequest]) -> list[TraceRequest]:
    """The requests, at least the first, without the spans that the store holds.

    They end before the first that repeats a span of one before it: whether that one is stored is not known yet.
    """
    messages: list[ExportTraceServiceRequest] = []
    starts: dict[SpanId, int] = {}
    for request in requests:
        message = ExportTraceServiceRequest.FromString(request.body)
        held = {_id_of(span): _start_of(span) for group in _groups(message) for span in group.spans}
        if messages and not starts.keys().isdisjoint(held):
            break
        messages.append(message)
        starts |= held
    known = stored_spans(store, starts)
    # What is not given back is left for the next time.
    return [_without(known, request, message) for request, message in zip(requests, messages, strict=False)]


def _without(known: Set[SpanId], request: TraceRequest, message: ExportTraceServiceRequest) -> TraceRequest:
    left = 0
    for group in _groups(message):
        fresh = [span for span in group.spans if _id_of(span) not in known]
        left += len(fresh)
        if len(fresh) < len(group.spans):
            kept = [Span.FromString(span.SerializeToString()) for span in fresh]
            del group.spans[:]
            group.spans.extend(kept)
    return request if left == request.spans else replace(request, body=message.SerializeToString(), spans=left)


def _groups(message: ExportTraceServiceRequest) -> Iterator[ScopeSpans]:
    for resource_spans in message.resource_spans:
        yield from resource_spans.scope_spans


def _id_of(span: Span) -> SpanId:
    return span.trace_id.hex(), span.span_id.hex()


def _start_of(span: Span) -> int:
    # The view takes it as signed.
    start = span.start_time_unix_nano
    return start if start < 1 << 63 else start - (1 << 64)
