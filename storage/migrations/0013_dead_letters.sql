-- Inputs that could not be taken, whole, with the reason.
CREATE TABLE IF NOT EXISTS dead_letters
(
    dead_letter_id  String,
    received_at     DateTime64(6, 'UTC'),
    channel         LowCardinality(String),
    code            LowCardinality(String),
    reason          String,
    source          String,
    event_id        String,
    content_type    String,
    headers         Map(String, String),
    body            String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, dead_letter_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
