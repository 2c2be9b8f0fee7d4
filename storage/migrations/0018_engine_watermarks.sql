-- How far the engine has evaluated: arrivals up to and including evaluated_through are done under the rules
-- that rules_version names.
CREATE TABLE IF NOT EXISTS engine_watermarks
(
    engine             LowCardinality(String),
    evaluated_through  DateTime64(6, 'UTC'),
    rules_version      String,
    recorded_at        DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(evaluated_through)
ORDER BY engine
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
