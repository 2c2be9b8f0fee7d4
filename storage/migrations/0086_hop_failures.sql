-- The calls of traces in which one failed: what says whether a hop still holds a trace up, or a later try went well.
CREATE TABLE IF NOT EXISTS hop_failures
(
    trace_id      String,
    span_id       String,
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    operation     LowCardinality(String),
    ended_at      DateTime64(6, 'UTC'),
    has_failed    Bool,
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (trace_id, span_id)
SETTINGS index_granularity = 1024
