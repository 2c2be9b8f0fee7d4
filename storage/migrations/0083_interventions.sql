-- Interventions, calls to the middleware about one object each: rows that are appended and never changed. The wish is version
-- 1, every change a version more, and the highest is how it stands; `calling` is stored before each try. The id is the
-- idempotency key; position is the place in the run.
CREATE TABLE IF NOT EXISTS interventions
(
    run_id           String,
    position         UInt32,
    intervention_id  String,
    version          UInt64,
    name             LowCardinality(String),
    object_type      LowCardinality(String),
    object_id        String,
    alert_id         String,
    amount           Nullable(Decimal(38, 9)),
    currency         Nullable(String),
    state            LowCardinality(String),
    detail           String,
    reason           String CODEC(ZSTD(1)),
    requested_by     String,
    requested_token  String,
    requested_at     DateTime64(6, 'UTC'),
    decided_by       String,
    attempts         UInt32,
    called_at        Nullable(DateTime64(6, 'UTC')),
    tried_at         Nullable(DateTime64(6, 'UTC')),
    due_at           Nullable(DateTime64(6, 'UTC')),
    updated_at       DateTime64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (run_id, position, intervention_id, version)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
