-- A page of dead letters without their bodies, the newest first, and how many there are in all; an empty parameter does
-- not narrow.
-- params: channel String, code String, source String, state String, limit UInt32, offset UInt32
-- columns: dead_letter_id, received_at, channel, code, reason, source, event_id, body_bytes, state, attempts, total
SELECT
    dead_letter_id, received_at, channel, code, substringUTF8(reason, 1, 500) AS reason, source, event_id,
    length(body) AS body_bytes, if(states.state = '', 'waiting', states.state) AS state, states.attempts AS attempts,
    count() OVER () AS total
FROM dead_letters
LEFT JOIN dead_letter_states AS states USING (dead_letter_id)
WHERE ({channel:String} = '' OR channel = {channel:String})
    AND ({code:String} = '' OR code = {code:String})
    AND ({source:String} = '' OR source = {source:String})
    AND ({state:String} = '' OR if(states.state = '', 'waiting', states.state) = {state:String})
ORDER BY received_at DESC, dead_letter_id
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
