-- The milestones of some objects, of some types or, where none is given, of all, with only what their own events state,
-- once per identity as first received.
-- params: object_type String, object_ids Array(String), event_types Array(String), known_at DateTime64(6, 'UTC')
-- columns: object_id, type, occurred_at, received_at, source, event_id, correlation_id, trace_id, amount,
--   currency, legal_entity, region, attributes
SELECT
    object_id,
    type,
    occurred_at,
    received_at,
    source,
    event_id,
    nullIf(correlation_id, '') AS correlation_id,
    nullIf(trace_id, '') AS trace_id,
    amount,
    nullIf(toString(currency), '') AS currency,
    nullIf(toString(legal_entity), '') AS legal_entity,
    nullIf(toString(region), '') AS region,
    attributes
FROM object_milestones
WHERE object_type = {object_type:String}
    AND object_id IN {object_ids:Array(String)}
    AND (empty({event_types:Array(String)}) OR type IN {event_types:Array(String)})
    AND received_at <= {known_at:DateTime64(6, 'UTC')}
ORDER BY received_at, occurred_at
LIMIT 1 BY object_id, source, event_id
