-- What of each source was refused since an instant: its dead letters by code, how many of them wait, the newest reason.
-- What was stored although it breaks its contract stands as the code `flagged:` and the flag, and never waits.
-- params: since DateTime64(6, 'UTC')
-- columns: source, code, letters, waiting, last_at, last_reason
SELECT source, code, letters, waiting, last_at, last_reason
FROM
(
    SELECT
        source, code, count() AS letters,
        countIf(states.state IN ('', 'waiting')) AS waiting,
        max(received_at) AS last_at,
        argMax(reason, received_at) AS last_reason
    FROM dead_letters
    LEFT JOIN dead_letter_states AS states USING (dead_letter_id)
    WHERE received_at >= {since:DateTime64(6, 'UTC')}
    GROUP BY source, code
    UNION ALL
    SELECT
        source, concat('flagged:', flag) AS code, count() AS letters, 0 AS waiting,
        max(received_at) AS last_at, argMax(concat(type, ': ', detail), received_at) AS last_reason
    FROM contract_flags FINAL
    WHERE received_at >= {since:DateTime64(6, 'UTC')}
    GROUP BY source, flag
)
ORDER BY source, letters DESC, code
