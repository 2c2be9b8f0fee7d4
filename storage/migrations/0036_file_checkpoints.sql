-- How far a file was taken by `milepost ingest`, by a digest of its content and of how it is read: what an interrupted
-- run goes on from. Ninety days outlast any interruption.
CREATE TABLE IF NOT EXISTS file_checkpoints
(
    file         String,
    items        UInt64,
    rejected     UInt64,
    recorded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY file
TTL toDateTime(recorded_at) + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
