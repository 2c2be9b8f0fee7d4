-- Writes the milestones that events of some group commits lack. Of an event that two collectors took at once only the
-- row that was received first has any.
-- params: groups Array(DateTime64(6, 'UTC'))
INSERT INTO object_milestones
    (object_type, object_id, type, occurred_at, received_at, source, event_id, qualifier, correlation_id, trace_id,
    amount, currency, legal_entity, region, attributes)
SELECT
    object.type AS object_type, object.id AS object_id, type, occurred_at, received_at, source, event_id,
    object.qualifier AS qualifier, correlation_id, trace_id, amount, currency, legal_entity, region, attributes
FROM
(
    SELECT *
    FROM events
    WHERE (source, event_id) IN
    (
        SELECT source, event_id FROM events WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    )
    ORDER BY source, event_id, received_at
    LIMIT 1 BY source, event_id
) AS firsts
ARRAY JOIN objects AS object
WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    AND (object_type, object_id, occurred_at, source, event_id) NOT IN (
        SELECT object_type, object_id, occurred_at, source, event_id
        FROM object_milestones
        WHERE received_at IN {groups:Array(DateTime64(6, 'UTC'))}
    )
