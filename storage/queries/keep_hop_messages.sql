-- Keeps what the middleware told in (after, through] of its queues, and of the messages that it parked and recovered.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), measured_type String, parked_type String,
--   unparked_type String
INSERT INTO hop_messages
    (object_type, object_id, type, occurred_at, source, event_id, queue, depth, oldest_at, received_at)
SELECT
    object_type, object_id, type, occurred_at, source, event_id,
    if(attributes['queue'] != '', attributes['queue'], attributes['flow']),
    toUInt64OrNull(attributes['depth']),
    parseDateTime64BestEffortOrNull(attributes['oldest_at'], 6, 'UTC'),
    received_at
FROM object_milestones
WHERE type IN ({measured_type:String}, {parked_type:String}, {unparked_type:String})
    AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
