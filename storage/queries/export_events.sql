-- The next events after one identity, in the order of identities.
-- params: source String, event_id String, limit UInt64
-- columns: source, event_id, type, occurred_at, received_at, correlation_id, objects, amount, currency, legal_entity,
--          region, attributes
SELECT
    source, event_id, type, occurred_at, received_at, correlation_id,
    arrayMap(object -> (toString(object.type), object.id, toString(object.qualifier)), events.objects) AS objects,
    amount, currency, legal_entity, region, attributes
FROM events FINAL
WHERE source >= {source:String} AND (source > {source:String} OR event_id > {event_id:String})
ORDER BY source, event_id
LIMIT {limit:UInt64}
