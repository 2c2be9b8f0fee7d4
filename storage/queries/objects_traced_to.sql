-- The objects named by events that carry no correlation id, within traces whose spans carry exactly one, one of these.
-- params: correlation_ids Array(String), limit UInt64
-- columns: object_type, object_id
SELECT DISTINCT toString(object_type) AS object_type, object_id
FROM object_milestones
WHERE correlation_id = '' AND trace_id IN
(
    SELECT TraceId
    FROM otel_traces
    WHERE CorrelationId != '' AND TraceId IN
    (
        SELECT TraceId FROM otel_traces WHERE CorrelationId IN {correlation_ids:Array(String)} AND TraceId != ''
    )
    GROUP BY TraceId
    HAVING uniqExact(CorrelationId) = 1
)
ORDER BY object_type, object_id
LIMIT {limit:UInt64}
