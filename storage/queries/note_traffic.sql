-- Notes what the sources sent in (after, through]. An event that stands there twice, since two collectors took it,
-- counts once, as it was received first, from `rivals_since` on; in the order of the table's key this costs no memory.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), rivals_since DateTime64(6, 'UTC')
INSERT INTO source_traffic
(
    minute, source, type, after, through, first_received_at, last_received_at, last_occurred_at, events, lag_us,
    longest_lag_us
)
SELECT
    toStartOfMinute(received_at) AS minute,
    source,
    type,
    {after:DateTime64(6, 'UTC')},
    {through:DateTime64(6, 'UTC')},
    min(received_at),
    max(received_at),
    max(occurred_at),
    count(),
    quantilesDDState(0.01, 0.5, 0.95, 0.99)(lag),
    max(lag)
FROM
(
    SELECT
        source, type, received_at, occurred_at,
        toUnixTimestamp64Micro(received_at) - toUnixTimestamp64Micro(occurred_at) AS lag
    FROM events
    WHERE received_at > {rivals_since:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
    ORDER BY source, event_id, received_at
    LIMIT 1 BY source, event_id
)
WHERE received_at > {after:DateTime64(6, 'UTC')}
GROUP BY minute, source, type
