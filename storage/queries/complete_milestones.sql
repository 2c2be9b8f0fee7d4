-- Writes the milestones that events of some group commits lack.
-- params: groups Array(DateTime64(6, 'UTC'))
INSERT INTO object_milestones
    (object_type, object_id, type, occurred_at, received_at, source, event_id, qualifier, correlation_id, trace_id,
    amount, currency, legal_entity, region, attributes)
SELECT
    object.type AS object_type, object.id AS object_id, type, occurred_at, received_at, source, event_id,
    object.qualifier AS qualifier, correlation_id, trace_id, amount, currency, legal_entity, region, attributes
FROM events
ARRAY JOIN objects AS object
WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    AND (object_type, object_id, occurred_at, source, event_id) NOT IN (
        SELECT object_type, object_id, occurred_at, source, event_id
        FROM object_milestones
        WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    )
