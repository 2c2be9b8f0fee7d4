-- How many spans and traces rest in the store.
-- columns: spans, traces, indexed_traces
SELECT
    (SELECT count() FROM otel_traces) AS spans,
    (SELECT uniqExact(TraceId) FROM otel_traces) AS traces,
    (SELECT uniqExact(TraceId) FROM otel_traces_trace_id_ts) AS indexed_traces
