-- Which correlation ids each of these objects (type, id) is told by the traces of its events: of the events that carry
-- none themselves, and of the traces whose spans carry exactly one. Two are enough to see that there are several, and
-- so are an object's first thousand events: who has more, such as a customer, is not of one run.
-- params: objects Array(Tuple(String, String))
-- columns: object_type, object_id, correlation_ids
SELECT object_type, object_id, groupUniqArray(2)(carried) AS correlation_ids
FROM
(
    SELECT toString(object_type) AS object_type, object_id, trace_id
    FROM object_milestones
    WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
        AND correlation_id = '' AND trace_id != ''
    ORDER BY object_type, object_id, occurred_at, source, event_id
    LIMIT 1000 BY object_type, object_id
) AS named
INNER JOIN
(
    SELECT TraceId AS trace_id, any(CorrelationId) AS carried
    FROM otel_traces
    WHERE CorrelationId != '' AND TraceId IN
    (
        SELECT trace_id
        FROM object_milestones
        WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
            AND correlation_id = '' AND trace_id != ''
        ORDER BY object_type, object_id, occurred_at, source, event_id
        LIMIT 1000 BY object_type, object_id
    )
    GROUP BY TraceId
    HAVING uniqExact(CorrelationId) = 1
) AS traced USING trace_id
GROUP BY object_type, object_id
