-- Which of some ids are dead letters, the oldest first.
-- params: ids Array(String)
-- columns: dead_letter_id, received_at, body_bytes
SELECT dead_letter_id, received_at, length(body) AS body_bytes
FROM dead_letters
WHERE dead_letter_id IN {ids:Array(String)}
ORDER BY received_at, dead_letter_id
