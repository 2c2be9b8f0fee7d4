-- The latest instant up to which this store's events are received or evaluated; the epoch for an empty store.
-- columns: latest
SELECT max(instant) AS latest
FROM
(
    SELECT max(received_at) AS instant FROM events
    UNION ALL
    SELECT max(evaluated_through) AS instant FROM engine_watermarks
)
