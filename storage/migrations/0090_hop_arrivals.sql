-- The events of the kinds that arrive over some hop, in the order in which they occurred: what usually comes in a stretch of
-- time is read from here.
CREATE TABLE IF NOT EXISTS hop_arrivals
(
    object_type   LowCardinality(String),
    type          LowCardinality(String),
    occurred_at   DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    object_id     String,
    source        LowCardinality(String),
    event_id      String,
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (object_type, type, occurred_at, object_id, source, event_id)
