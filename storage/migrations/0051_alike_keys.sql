-- Under which keys objects are found that may be the same in truth, for each version of a rule that looks for them, and
-- from when on each was known. The earliest is the one that counts.
CREATE TABLE IF NOT EXISTS alike_keys
(
    rule_version  LowCardinality(String),
    key           UInt64,
    object_id     String,
    known_at      DateTime64(6, 'UTC'),
    precedence    Int64 MATERIALIZED -toUnixTimestamp64Micro(known_at)
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (rule_version, key, object_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
