-- The latest events that name any of these objects (type, id), the earliest of them first.
-- params: objects Array(Tuple(String, String)), limit UInt32
-- columns: source, event_id, type, occurred_at, received_at, correlation_id, causation_id, trace_id, span_id, objects, amount,
--     currency, legal_entity, region, attributes, datacontenttype, dataschema, extensions, data, data_base64
SELECT
    source, event_id, type, occurred_at, received_at, correlation_id, causation_id, trace_id, span_id, objects, amount,
    currency, legal_entity, region, attributes, datacontenttype, dataschema, extensions, data, data_base64
FROM
(
    -- Of an event that two collectors took at once, what was received first stands.
    SELECT *
    FROM events
    WHERE (source, event_id) IN
    (
        SELECT source, event_id
        FROM object_milestones
        WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
        ORDER BY occurred_at DESC, source, event_id
        LIMIT 1 BY source, event_id
        LIMIT {limit:UInt32}
    )
    ORDER BY source, event_id, received_at
    LIMIT 1 BY source, event_id
)
ORDER BY occurred_at, source, event_id
LIMIT {limit:UInt32}
