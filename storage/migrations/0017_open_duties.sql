-- Objects for which time alone will change a verdict, and when it next does. One row per object; a row
-- whose due_at is NULL closes it, and is dropped a day later.
CREATE TABLE IF NOT EXISTS open_duties
(
    object_type  LowCardinality(String),
    object_id    String,
    due_at       Nullable(DateTime64(6, 'UTC')),
    recorded_at  DateTime64(6, 'UTC'),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (object_type, object_id)
TTL toDateTime(recorded_at) + INTERVAL 1 DAY DELETE WHERE isNull(due_at)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
