-- The spans of these traces or of these runs of the workflow (correlation ids), parents before children where
-- clocks agree.
-- params: trace_ids Array(String), correlation_ids Array(String), limit UInt32
-- columns: trace_id, span_id, parent_span_id, service, name, kind, started_at, duration_ns, is_error, message,
--     attributes, correlation_id, thrown, exception_type, exception_message, exception_stacktrace
SELECT
    TraceId AS trace_id, SpanId AS span_id, ParentSpanId AS parent_span_id, ServiceName AS service, SpanName AS name,
    SpanKind AS kind, toDateTime64(Timestamp, 6, 'UTC') AS started_at, Duration AS duration_ns,
    StatusCode = 'Error' AS is_error, StatusMessage AS message, SpanAttributes AS attributes,
    CorrelationId AS correlation_id,
    Events.Attributes[indexOf(Events.Name, 'exception')] AS thrown,
    thrown['exception.type'] AS exception_type, thrown['exception.message'] AS exception_message,
    thrown['exception.stacktrace'] AS exception_stacktrace
FROM otel_traces
WHERE TraceId IN {trace_ids:Array(String)} OR CorrelationId IN {correlation_ids:Array(String)}
ORDER BY Timestamp, Duration DESC, SpanId
LIMIT 1 BY TraceId, SpanId
LIMIT {limit:UInt32}
