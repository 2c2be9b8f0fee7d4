-- How far the escalation of each group of alerts is: since when its clock runs (NULL while it stands still), how many steps
-- were reached since, and when each receiver of a step was last due to be told (microseconds, which the notification log
-- repeats). A step is stored here before anybody is told, so that a restart tells the same receivers and nobody twice.
CREATE TABLE IF NOT EXISTS escalations
(
    receiver    LowCardinality(String),
    group_key   String,
    policy      LowCardinality(String),
    started_at  Nullable(DateTime64(6, 'UTC')),
    steps       UInt32,
    step_at     DateTime64(6, 'UTC'),
    told        Map(LowCardinality(String), UInt64),
    by_hand     Array(String),
    is_over     Bool,
    version     UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (receiver, group_key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
