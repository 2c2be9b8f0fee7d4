-- What telemetry says of why an alert stands: the last row of each. An alert without a row was never looked at, or
-- nothing at all is known. `failed_calls` are the gravest, `failures` counts how many kinds there are.
CREATE TABLE IF NOT EXISTS alert_causes
(
    alert_id        String,
    kind            LowCardinality(String),
    service         LowCardinality(String),
    operation       LowCardinality(String),
    error           String,
    signature       String,
    seen_at         Nullable(DateTime64(6, 'UTC')),
    recorded_at     DateTime64(6, 'UTC'),
    spans           UInt64,
    last_hop        Tuple(service String, operation String, at DateTime64(6, 'UTC'), has_failed Bool),
    failures        UInt64,
    failed_calls    Array(Tuple(
        service String, operation String, error String, pattern String, signature String, is_origin Bool,
        has_recovered Bool, spans UInt64, first_at DateTime64(6, 'UTC'), last_at DateTime64(6, 'UTC'),
        trace_id String, span_id String)),
    dead_letter     Tuple(
        id String, received_at DateTime64(6, 'UTC'), channel String, code String, reason String, source String,
        type String)
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY alert_id
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1
