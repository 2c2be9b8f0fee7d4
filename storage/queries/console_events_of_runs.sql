-- The events of these runs of the workflow (correlation ids), the earliest first.
-- params: correlation_ids Array(String), limit UInt32
-- columns: source, event_id, type, occurred_at, received_at, correlation_id, causation_id, trace_id, span_id, objects, amount,
--     currency, legal_entity, region, attributes, datacontenttype, dataschema, extensions, data, data_base64
SELECT
    source, event_id, type, occurred_at, received_at, correlation_id, causation_id, trace_id, span_id, objects, amount,
    currency, legal_entity, region, attributes, datacontenttype, dataschema, extensions, data, data_base64
FROM events
WHERE correlation_id IN {correlation_ids:Array(String)}
ORDER BY occurred_at, source, event_id, received_at
LIMIT 1 BY source, event_id
LIMIT {limit:UInt32}
