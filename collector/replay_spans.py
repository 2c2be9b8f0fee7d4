"""Reads dead letters of the traces channel for a replay."""

from dataclasses import replace

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.receivers import otlp
from collector.receivers.otlp import TraceRequest
from collector.replay import Fate
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter
from storage.stored_spans import stored_spans


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
    message = ExportTraceServiceRequest.FromString(request.body)
    groups = [group for resource in message.resource_spans for group in resource.scope_spans]
    known = stored_spans(store, {(span.trace_id.hex(), span.span_id.hex()) for group in groups for span in group.spans})
    if not known:
        return request
    left = 0
    for group in groups:
        fresh = [span for span in group.spans if (span.trace_id.hex(), span.span_id.hex()) not in known]
        kept = [type(span).FromString(span.SerializeToString()) for span in fresh]
        del group.spans[:]
        group.spans.extend(kept)
        left += len(kept)
    return replace(request, body=message.SerializeToString(), spans=left)
