-- What a forecast rule learnt at each instant of its grid: for each segment, all cases being the one without values, how
-- long its cases took, as the steps of a survival curve. Kept as it was learnt: what arrives later does not change it.
-- The curve of all cases is there for every instant at which the rule learnt, whatever it is worth; longest_us is NULL
-- where there were no cases, and earliest_us where no waiting makes a clock of the rule at risk.
CREATE TABLE IF NOT EXISTS forecast_curves
(
    rule          LowCardinality(String),
    rule_version  LowCardinality(String),
    learnt_at     DateTime64(6, 'UTC'),
    segment       Array(String),
    cases         UInt64,
    completed     UInt64,
    longest_us    Nullable(Int64),
    earliest_us   Nullable(Int64),
    times_us      Array(Int64) CODEC(Delta, ZSTD(1)),
    survival      Array(Float64) CODEC(ZSTD(1)),
    variance      Array(Float64) CODEC(ZSTD(1)),
    waiting       Array(UInt64) CODEC(Delta, ZSTD(1)),
    recorded_at   DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (rule, rule_version, learnt_at, segment)
TTL toDateTime(learnt_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
