-- Notes every object that a checked event names as touched.
CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_view TO arrivals AS
SELECT
    fromUnixTimestamp64Micro(received_us, 'UTC') AS received_at,
    object.type AS object_type, object.id AS object_id
FROM events_input
ARRAY JOIN objects AS object
