-- What each source sent of each event type, by minute of receipt and by the tick that noted it. The tick begins where
-- the last one ended (after), so a tick that is repeated after a kill replaces its rows and counts nothing twice.
-- The lag is from business time to receipt, below zero where the source's clock runs ahead of ours; its quantiles are
-- exact to one percent (DDSketch) and do not depend on the order of arrival or of merges. In microseconds, since the
-- engine's sketch is three percent off for values below one.
CREATE TABLE IF NOT EXISTS source_traffic
(
    minute               DateTime('UTC'),
    source               LowCardinality(String),
    type                 LowCardinality(String),
    after                DateTime64(6, 'UTC'),
    through              DateTime64(6, 'UTC'),
    first_received_at    DateTime64(6, 'UTC'),
    last_received_at     DateTime64(6, 'UTC'),
    last_occurred_at     DateTime64(6, 'UTC'),
    events               UInt64,
    lag_us               AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Int64),
    longest_lag_us       Int64
)
ENGINE = ReplacingMergeTree(through)
ORDER BY (minute, source, type, after)
TTL minute + INTERVAL 30 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
