"""Gives each span its run of the workflow under the one name that the store keeps in a column of its own.

The store reads `correlation.id` of a span, else of its resource. Where a run stands under another configured name, such
as a baggage entry's, it is added to the span as `correlation.id`; one that is there stays, whatever else there is.
Bodies in which no other name stands are not even parsed.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from domain.span_names import CORRELATION_ID


class SpanRuns:
    """The names that a run may stand under, in the order in which they count."""

    def __init__(self, names: Sequence[str] = (CORRELATION_ID,)) -> None:
        self._names = names
        self._others = [name.encode() for name in names if name != CORRELATION_ID]

    def noted(self, body: bytes) -> bytes:
        """A trace request (protobuf) whose spans tell their runs by `correlation.id`."""
        if not any(name in body for name in self._others):
            return body
        request = ExportTraceServiceRequest.FromString(body)
        changed = False
        for group in request.resource_spans:
            of_resource = self._told(group.resource.attributes)
            for span in (span for scope_spans in group.scope_spans for span in scope_spans.spans):
                told = self._told(span.attributes)
                run = next((run for name in self._names if (run := told.get(name) or of_resource.get(name))), "")
                if run and CORRELATION_ID not in told and run != of_resource.get(CORRELATION_ID):
                    span.attributes.add(key=CORRELATION_ID).value.string_value = run
                    changed = True
        return request.SerializeToString() if changed else body

    def _told(self, attributes: Sequence[KeyValue]) -> Mapping[str, str]:
        """What attributes say of runs: texts, and the digits of whole numbers."""
        found = {}
        for attribute in attributes:
            if attribute.key in self._names or attribute.key == CORRELATION_ID:
                value = attribute.value
                text = str(value.int_value) if value.HasField("int_value") else value.string_value
                if text:
                    found[attribute.key] = text
        return found
