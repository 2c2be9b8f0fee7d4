-- Which of some spans are stored already, of those that began in a stretch of nanoseconds if it `is_dated`.
-- params: trace_ids Array(String), span_ids Array(String), is_dated Bool, since Int64, until Int64
-- columns: trace_id, span_id
SELECT DISTINCT TraceId AS trace_id, SpanId AS span_id
FROM otel_traces
WHERE TraceId IN {trace_ids:Array(String)} AND SpanId IN {span_ids:Array(String)}
    AND (NOT {is_dated:Bool}
        OR Timestamp BETWEEN fromUnixTimestamp64Nano({since:Int64}) AND fromUnixTimestamp64Nano({until:Int64}))
