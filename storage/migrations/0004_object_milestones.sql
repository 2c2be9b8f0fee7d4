-- Which milestones each business object has reached: one row per event and object it names. Rules read it
-- by object, hence the order; the small granules keep the reading of a few thousand objects cheap.
-- Not synced to disk at every insert: what a crash takes is derived from `events` again at the next start.
CREATE TABLE IF NOT EXISTS object_milestones
(
    object_type      LowCardinality(String),
    object_id        String,
    type             LowCardinality(String),
    occurred_at      DateTime64(6, 'UTC'),
    received_at      DateTime64(6, 'UTC'),
    source           LowCardinality(String),
    event_id         String,
    qualifier        LowCardinality(String),
    correlation_id   String,
    trace_id         String,
    amount           Nullable(Decimal(38, 9)),
    currency         LowCardinality(String),
    legal_entity     LowCardinality(String),
    region           LowCardinality(String),
    attributes       Map(LowCardinality(String), String),
    precedence       Int64 MATERIALIZED -toUnixTimestamp64Micro(received_at)
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY (object_type, object_id, occurred_at, source, event_id)
SETTINGS index_granularity = 512, merge_selector_base = 10
