-- The newest dead letters, without their bodies.
-- params: limit UInt32
-- columns: dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, body_bytes
SELECT dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, length(body) AS body_bytes
FROM dead_letters
ORDER BY received_at DESC, dead_letter_id
LIMIT {limit:UInt32}
