-- The business objects that events name within traces in which a call failed, with what was stated of each by then.
CREATE TABLE IF NOT EXISTS hop_objects
(
    trace_id      String,
    object_type   LowCardinality(String),
    object_id     String,
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String),
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (trace_id, object_type, object_id)
SETTINGS index_granularity = 1024
