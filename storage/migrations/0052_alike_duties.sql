-- Objects for which time alone will change whether they are alike to another, under each version of a rule, and when it
-- next does. A row whose due_at is NULL closes it, and is dropped a day later.
CREATE TABLE IF NOT EXISTS alike_duties
(
    rule_version  LowCardinality(String),
    object_id     String,
    due_at        Nullable(DateTime64(6, 'UTC')),
    recorded_at   DateTime64(6, 'UTC'),
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (rule_version, object_id)
TTL toDateTime(recorded_at) + INTERVAL 1 DAY DELETE WHERE isNull(due_at)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
