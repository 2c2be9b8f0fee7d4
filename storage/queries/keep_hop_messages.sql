-- Keeps what the middleware told in (after, through] of its queues, and of the messages that it parked and recovered, with
-- the latest that events state of their objects.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), measured_type String, parked_type String,
--   unparked_type String
INSERT INTO hop_messages
    (object_type, object_id, type, occurred_at, source, event_id, queue, depth, oldest_at, amount, currency, legal_entity)
WITH told AS
(
    SELECT object_type, object_id, type, occurred_at, source, event_id, attributes
    FROM object_milestones
    WHERE type IN ({measured_type:String}, {parked_type:String}, {unparked_type:String})
        AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
)
SELECT
    told.object_type, told.object_id, told.type, told.occurred_at, told.source, told.event_id,
    if(told.attributes['queue'] != '', told.attributes['queue'], told.attributes['flow']),
    toUInt64OrNull(told.attributes['depth']),
    parseDateTime64BestEffortOrNull(told.attributes['oldest_at'], 6, 'UTC'),
    facts.stated, facts.stated_in, facts.entity
FROM told
INNER JOIN
(
    SELECT
        object_type, object_id,
        argMaxIf(amount, (occurred_at, source, event_id), isNotNull(amount)) AS stated,
        argMaxIf(toString(currency), (occurred_at, source, event_id), isNotNull(amount)) AS stated_in,
        argMaxIf(toString(legal_entity), (occurred_at, source, event_id), legal_entity != '') AS entity
    FROM object_milestones
    WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM told WHERE object_type != 'queue')
        OR (object_type = 'queue' AND type = {measured_type:String})
    GROUP BY object_type, object_id
) AS facts USING (object_type, object_id)
