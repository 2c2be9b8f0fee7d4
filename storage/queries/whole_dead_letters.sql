-- Some dead letters whole, the oldest first; bodies in base64, since they may be any bytes.
-- params: ids Array(String), first_at DateTime64(6), last_at DateTime64(6)
-- columns: dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, headers, body_base64
SELECT
    dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, headers,
    base64Encode(body) AS body_base64
FROM dead_letters
WHERE received_at BETWEEN {first_at:DateTime64(6)} AND {last_at:DateTime64(6)}
    AND dead_letter_id IN {ids:Array(String)}
ORDER BY received_at, dead_letter_id
