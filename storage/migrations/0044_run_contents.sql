-- The same by run: who may belong to it. A member that has moved to another run still stands here; run_members tells.
CREATE TABLE IF NOT EXISTS run_contents
(
    run          UInt64,
    object_type  LowCardinality(String),
    object_id    String
)
ENGINE = ReplacingMergeTree
ORDER BY (run, object_type, object_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
