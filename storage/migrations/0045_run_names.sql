-- What a run is called: by the earliest of its correlation ids (an empty object type), by its first object where it has
-- none. `first_us` is when that correlation id first occurred.
CREATE TABLE IF NOT EXISTS run_names
(
    run          UInt64,
    object_type  LowCardinality(String),
    object_id    String,
    first_us     Int64,
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY run
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
