-- What became of dead letters after they came: each replay and each discarding. A letter without any waits.
CREATE TABLE IF NOT EXISTS dead_letter_attempts
(
    dead_letter_id  String,
    attempted_at    DateTime64(6, 'UTC'),
    attempted_by    String,
    outcome         LowCardinality(String),
    code            LowCardinality(String),
    reason          String
)
ENGINE = MergeTree
ORDER BY (dead_letter_id, attempted_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
