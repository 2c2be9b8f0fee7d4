-- The events that were sent within a trace, the earliest first.
-- params: trace_id String, limit UInt32
-- columns: source, event_id, type, occurred_at, received_at, correlation_id, causation_id, trace_id, span_id, objects, amount,
--     currency, legal_entity, region, attributes, datacontenttype, dataschema, extensions, data, data_base64
SELECT
    source, event_id, type, occurred_at, received_at, correlation_id, causation_id, trace_id, span_id, objects, amount,
    currency, legal_entity, region, attributes, datacontenttype, dataschema, extensions, data, data_base64
FROM events
WHERE trace_id = {trace_id:String}
ORDER BY occurred_at, source, event_id, received_at
LIMIT 1 BY source, event_id
LIMIT {limit:UInt32}
