-- Why inputs were not taken, by reason, source and channel: how many wait, were replayed and were discarded. Those of
-- which most wait come first.
-- columns: code, source, channel, waiting, replayed, discarded, last_at
SELECT
    toString(code) AS code, source, toString(channel) AS channel,
    countIf(state = 'waiting') AS waiting, countIf(state = 'replayed') AS replayed, countIf(state = 'discarded') AS discarded,
    max(received_at) AS last_at
FROM
(
    SELECT code, source, channel, received_at, if(states.state = '', 'waiting', states.state) AS state
    FROM dead_letters
    LEFT JOIN dead_letter_states AS states USING (dead_letter_id)
)
GROUP BY code, source, channel
ORDER BY waiting DESC, last_at DESC, code, source, channel
