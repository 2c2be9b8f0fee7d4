-- Messages about groups of alerts: written as `sending` before the first try and again with the outcome.
-- The id is the same at every try, so that a receiver can drop a repeat.
CREATE TABLE IF NOT EXISTS notifications
(
    notification_id  String,
    receiver         LowCardinality(String),
    integration      LowCardinality(String),
    group_key        String,
    group_labels     Map(LowCardinality(String), String),
    reason           LowCardinality(String),
    status           LowCardinality(String),
    attempts         UInt32,
    error            String,
    firing           Array(String),
    resolved         Array(String),
    body             String CODEC(ZSTD(1)),
    created_at       DateTime64(6, 'UTC'),
    updated_at       DateTime64(6, 'UTC'),
    version          UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (receiver, integration, notification_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
