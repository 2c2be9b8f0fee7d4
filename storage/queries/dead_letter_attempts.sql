-- What was tried with a dead letter, in order.
-- params: dead_letter_id String
-- columns: attempted_at, attempted_by, outcome, code, reason
SELECT attempted_at, attempted_by, outcome, code, reason
FROM dead_letter_attempts
WHERE dead_letter_id = {dead_letter_id:String}
ORDER BY attempted_at
