-- Notes for each checked event that its source has spoken.
CREATE MATERIALIZED VIEW IF NOT EXISTS source_freshness_view TO source_freshness AS
SELECT
    source, type,
    fromUnixTimestamp64Micro(min(received_us), 'UTC') AS first_received_at,
    fromUnixTimestamp64Micro(max(received_us), 'UTC') AS last_received_at,
    fromUnixTimestamp64Micro(max(occurred_us), 'UTC') AS last_occurred_at
FROM events_input
GROUP BY source, type
