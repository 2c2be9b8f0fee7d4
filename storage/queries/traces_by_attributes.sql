-- The traces whose spans began in a stretch of time and have any of these attributes (name, value), the latest first.
-- The values are given apart as well: one look into a set an attribute, before names and values are put together.
-- params: attributes Array(Tuple(String, String)), values Array(String), since DateTime64(6), until DateTime64(6),
--     limit UInt32
-- columns: trace_id, name, value, began_at
SELECT TraceId AS trace_id, found.1 AS name, found.2 AS value, toDateTime64(min(Timestamp), 6, 'UTC') AS began_at
FROM otel_traces
ARRAY JOIN
    arrayFilter(
        pair -> pair IN {attributes:Array(Tuple(String, String))},
        arrayZip(mapKeys(SpanAttributes), mapValues(SpanAttributes))) AS found
PREWHERE Timestamp BETWEEN {since:DateTime64(6)} AND {until:DateTime64(6)}
    AND arrayExists(each -> each IN {values:Array(String)}, SpanAttributes.values)
GROUP BY trace_id, name, value
ORDER BY began_at DESC, trace_id, name
LIMIT {limit:UInt32}
