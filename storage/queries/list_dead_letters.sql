-- The newest dead letters, without their bodies; an empty parameter does not narrow.
-- params: channel String, code String, source String, state String, since DateTime64(6), limit UInt32
-- columns: dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, body_bytes, state,
--   attempts
SELECT
    dead_letter_id, received_at, channel, code, reason, source, event_id, content_type, length(body) AS body_bytes,
    if(states.state = '', 'waiting', states.state) AS state, states.attempts AS attempts
FROM dead_letters
LEFT JOIN dead_letter_states AS states USING (dead_letter_id)
WHERE received_at >= {since:DateTime64(6)}
    AND ({channel:String} = '' OR channel = {channel:String})
    AND ({code:String} = '' OR code = {code:String})
    AND ({source:String} = '' OR source = {source:String})
    AND ({state:String} = '' OR if(states.state = '', 'waiting', states.state) = {state:String})
ORDER BY received_at DESC, dead_letter_id
LIMIT {limit:UInt32}
