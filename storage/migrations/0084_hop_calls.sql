-- Calls from one service to another that spans tell of, each once: the serving span whose parent belongs to another
-- service. `known_at` is the minute in which the second of the two spans was received, named by its end.
CREATE TABLE IF NOT EXISTS hop_calls
(
    known_at      DateTime('UTC') CODEC(Delta, ZSTD(1)),
    trace_id      String CODEC(ZSTD(1)),
    span_id       String CODEC(ZSTD(1)),
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    operation     LowCardinality(String),
    ended_at      DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns   UInt64 CODEC(ZSTD(1)),
    has_failed    Bool
)
ENGINE = ReplacingMergeTree
ORDER BY (known_at, trace_id, span_id)
