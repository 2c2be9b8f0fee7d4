-- Events that were stored although they break their contract: one row per event and way in which it does.
-- A repeat of the event tells again what is told here already, so the row received first stays.
CREATE TABLE IF NOT EXISTS contract_flags
(
    source       LowCardinality(String),
    event_id     String,
    type         LowCardinality(String),
    received_at  DateTime64(6, 'UTC'),
    version      UInt32,
    flag         LowCardinality(String),
    detail       String,
    precedence   Int64 MATERIALIZED -toUnixTimestamp64Micro(received_at)
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY (type, source, event_id, flag, detail)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
