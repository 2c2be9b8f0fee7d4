-- Which of some spans are stored already.
-- params: trace_ids Array(String), span_ids Array(String)
-- columns: trace_id, span_id
SELECT DISTINCT TraceId AS trace_id, SpanId AS span_id
FROM otel_traces
WHERE TraceId IN {trace_ids:Array(String)} AND SpanId IN {span_ids:Array(String)}
