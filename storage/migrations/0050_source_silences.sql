-- When sources said nothing for longer than agreed, of one event type or (where type is empty) of anything: from since,
-- the agreed time after heard_at, until the next word was received; NULL while it lasts. An empty source is Milepost
-- itself, which was away. Small, and kept: what a rule could not know then stays so.
CREATE TABLE IF NOT EXISTS source_silences
(
    source         LowCardinality(String),
    type           LowCardinality(String),
    heard_at       DateTime64(6, 'UTC'),
    since          DateTime64(6, 'UTC'),
    until          Nullable(DateTime64(6, 'UTC')),
    noted_through  DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(noted_through)
ORDER BY (source, type, since)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
