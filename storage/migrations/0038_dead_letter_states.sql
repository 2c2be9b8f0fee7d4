-- How dead letters stand that were attempted again. What was taken once stays replayed, whatever a later attempt
-- met: the event is stored. A discarded letter that is replayed and fails waits again.
CREATE VIEW IF NOT EXISTS dead_letter_states AS
SELECT
    dead_letter_id,
    count() AS attempts,
    multiIf(
        countIf(outcome IN ('accepted', 'duplicate')) > 0, 'replayed',
        argMax(outcome, attempted_at) = 'discarded', 'discarded',
        'waiting') AS state
FROM dead_letter_attempts
GROUP BY dead_letter_id
