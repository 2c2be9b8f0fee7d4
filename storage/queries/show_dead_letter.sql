-- One dead letter whole; the body in base64, since it may be any bytes.
-- params: dead_letter_id String
-- columns: dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, headers, state,
--   body_base64
SELECT
    dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, headers,
    if(states.state = '', 'waiting', states.state) AS state, base64Encode(body) AS body_base64
FROM dead_letters
LEFT JOIN dead_letter_states AS states USING (dead_letter_id)
WHERE dead_letter_id = {dead_letter_id:String}
LIMIT 1
