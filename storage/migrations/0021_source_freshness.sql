-- When each source last spoke of each event type. Only minima and maxima, which repeats cannot change.
CREATE TABLE IF NOT EXISTS source_freshness
(
    source             LowCardinality(String),
    type               LowCardinality(String),
    first_received_at  SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_received_at   SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    last_occurred_at   SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (source, type)
