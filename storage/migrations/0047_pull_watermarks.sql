-- How far each pull has taken another system's rows: the watermark of the last row of a batch that is acknowledged, as
-- ClickHouse writes it, by the column that it is of. A pull whose column is another one begins anew.
CREATE TABLE IF NOT EXISTS pull_watermarks
(
    pull         String,
    column_name  String,
    watermark    String,
    recorded_at  DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (pull, column_name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
