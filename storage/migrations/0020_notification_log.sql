-- What was last told to whom: per group and integration the alerts a delivered notification said were
-- firing and resolved. Deduplication and the repeat interval read it.
CREATE TABLE IF NOT EXISTS notification_log
(
    receiver     LowCardinality(String),
    integration  LowCardinality(String),
    group_key    String,
    firing       Array(String),
    resolved     Array(String),
    sent_at      DateTime64(6, 'UTC'),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (receiver, integration, group_key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
