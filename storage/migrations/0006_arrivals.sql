-- Which objects were touched when, in order of arrival: what an evaluation tick has to look at again.
-- Thirty days outlast any outage of the engine; past that it looks at every object once.
-- Not synced to disk at every insert, as object_milestones.
CREATE TABLE IF NOT EXISTS arrivals
(
    received_at      DateTime64(6, 'UTC'),
    object_type      LowCardinality(String),
    object_id        String
)
ENGINE = MergeTree
PARTITION BY toDate(received_at)
ORDER BY received_at
TTL toDateTime(received_at) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1, merge_selector_base = 10
