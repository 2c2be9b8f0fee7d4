-- How often objects went from one milestone straight to another: one row per handoff, stretch of time and duration, kept in
-- line with what arrives. A step counts when its second milestone occurred, in cells of an hour and of a day (`span`), which
-- begin at an `hour` since 1970, under the lower bound of its duration (`low_us`); the first milestone of an object is a step from ''. `again` is 1 where
-- the object had reached that milestone before, 2 where it had taken that very step before. With the span `standing` it
-- counts the objects by the milestone that is their latest, and by the day of it, with their amounts. `layout` names the
-- definition of the cells: others are not read. What a row held before its last change stands in it too, so that a
-- change that is written again after a crash adds to the same.
CREATE TABLE IF NOT EXISTS flow_counts
(
    layout            LowCardinality(String),
    span              LowCardinality(String),
    hour              Int64,
    object_type       LowCardinality(String),
    from_type         LowCardinality(String),
    to_type           LowCardinality(String),
    again             UInt8,
    legal_entity      LowCardinality(String),
    region            LowCardinality(String),
    low_us            UInt64,
    currency          LowCardinality(String),
    number            Int64,
    unpriced          Int64,
    amount            Decimal(38, 9),
    number_before     Int64,
    unpriced_before   Int64,
    amount_before     Decimal(38, 9),
    version           UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (layout, span, hour, object_type, from_type, to_type, again, legal_entity, region, low_us, currency)
SETTINGS index_granularity = 2048
