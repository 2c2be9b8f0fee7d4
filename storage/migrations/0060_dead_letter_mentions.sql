-- Which objects (order/O-1001) and runs (/q2c-1001) a refused event names, as far as it can be read: how an alert finds
-- that what it waits for came and was not taken. `object_types` are those of all objects that the event names.
CREATE TABLE IF NOT EXISTS dead_letter_mentions
(
    mention         String,
    received_at     DateTime64(6, 'UTC'),
    dead_letter_id  String,
    channel         LowCardinality(String),
    code            LowCardinality(String),
    reason          String,
    source          String,
    type            String,
    object_types    Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (mention, received_at, dead_letter_id)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
