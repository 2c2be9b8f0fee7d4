-- What the cases of each KPI came to on each UTC day that is over, for all that tells them apart: a figure over many days
-- adds these up, and no case is read. The rows with the highest `version` of a day hold; one without anything, its
-- `is_marker`, says that the day was summed. A day without it is read from `kpi_cases`.
CREATE TABLE IF NOT EXISTS kpi_days
(
    kpi            LowCardinality(String),
    definition     LowCardinality(String),
    day            Date,
    is_marker      Bool,
    has_amount     Bool,
    legal_entity   LowCardinality(String),
    region         LowCardinality(String),
    currency       LowCardinality(String),
    segment        LowCardinality(String),
    source         LowCardinality(String),
    handoff        LowCardinality(String),
    rule           LowCardinality(String),
    version        UInt64,
    cases          UInt64,
    valued         UInt64,
    sum_of_values  Nullable(Float64),
    longest        Nullable(Float64),
    quantiles      AggregateFunction(quantilesExactInclusive(0.5, 0.9), Nullable(Float64)),
    stated         Nullable(Decimal(38, 9)),
    without        UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kpi, definition, day, is_marker, has_amount, legal_entity, region, currency, segment, source, handoff, rule)
SETTINGS index_granularity = 512
