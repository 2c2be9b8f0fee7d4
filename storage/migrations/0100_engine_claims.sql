-- Which engine may act on this store: a row for each claim to an epoch, with the last sign of life of its holder.
-- Claims stay for good: the number of an epoch is given once, and who reads a higher one knows that its own is over.
CREATE TABLE IF NOT EXISTS engine_claims
(
    epoch        UInt64,
    holder       String,
    beat         UInt64,
    state        LowCardinality(String),
    is_resumed   Bool,
    recorded_at  DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(beat)
ORDER BY (epoch, holder)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
