-- Dead letters that wait to be replayed, the oldest first, from a place on; an empty parameter does not narrow.
-- params: channel String, code String, source String, since DateTime64(6), after_at DateTime64(6), after_id String,
--   limit UInt32
-- columns: dead_letter_id, received_at, body_bytes
SELECT dead_letter_id, received_at, length(body) AS body_bytes
FROM dead_letters
LEFT JOIN dead_letter_states AS states USING (dead_letter_id)
WHERE states.state IN ('', 'waiting')
    AND received_at >= {since:DateTime64(6)}
    AND (received_at, dead_letter_id) > ({after_at:DateTime64(6)}, {after_id:String})
    AND ({channel:String} = '' OR channel = {channel:String})
    AND ({code:String} = '' OR code = {code:String})
    AND ({source:String} = '' OR source = {source:String})
ORDER BY received_at, dead_letter_id
LIMIT {limit:UInt32}
