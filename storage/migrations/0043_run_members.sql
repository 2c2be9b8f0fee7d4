-- Which run of the workflow a business object belongs to, and so does a correlation id that events carry: it stands
-- here under an empty object type, with the earliest instant at which an event that carries it occurred. What stands
-- nowhere here is not linked to anything. `run` names nothing that people see: that is in run_names.
CREATE TABLE IF NOT EXISTS run_members
(
    object_type  LowCardinality(String),
    object_id    String,
    run          UInt64,
    first_us     Int64,
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (object_type, object_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
