-- What people did with alerts: rows that are appended and never changed. A request that is sent again has the same
-- action_id, and the first row of it counts; within one alert acted_at tells the order. What stands of it now follows.
CREATE TABLE IF NOT EXISTS alert_actions
(
    alert_id       String,
    acted_at       DateTime64(6, 'UTC'),
    action_id      String,
    alert          LowCardinality(String),
    object_type    LowCardinality(String),
    object_id      String,
    alert_version  UInt64,
    has_fired      Bool,
    kind           LowCardinality(String),
    value          String,
    acted_by       String,
    comment        String CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (alert_id, acted_at, action_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
