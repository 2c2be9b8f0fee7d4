-- How calls of each hop went, by the minute in which they ended and the minute (named by its end) in which they became
-- known: a late span adds a row, and changes none. A minute that is kept again is replaced by the same. `durations` are
-- nanoseconds to three digits and how many calls took so long.
CREATE TABLE IF NOT EXISTS hop_minutes
(
    minute        DateTime('UTC') CODEC(Delta, ZSTD(1)),
    from_service  LowCardinality(String),
    to_service    LowCardinality(String),
    known_at      DateTime('UTC') CODEC(Delta, ZSTD(1)),
    calls         UInt64,
    failed        UInt64,
    durations     Map(UInt64, UInt64),
    version       UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (minute, from_service, to_service, known_at)
SETTINGS index_granularity = 1024
