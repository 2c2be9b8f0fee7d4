-- What people did, and what the program did on its own to rules: entries that are appended and never changed, each with
-- the hash of the one before (domain/audit.py says of what). The window keeps the numbers that were given last, even
-- those of entries that were removed since, so that of two writers at once one number goes to one of them.
CREATE TABLE IF NOT EXISTS audit_log
(
    number         UInt64,
    at             DateTime64(6, 'UTC'),
    who            String,
    token          String,
    kind           LowCardinality(String),
    subject        String,
    reason         String,
    details        String CODEC(ZSTD(1)),
    previous_hash  String,
    hash           String
)
ENGINE = MergeTree
ORDER BY number
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1
