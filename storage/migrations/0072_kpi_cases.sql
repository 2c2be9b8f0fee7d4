-- The cases that KPIs are made of: one row per KPI, business object and case of it, kept in line with what arrives.
-- `day` is the UTC day at which a case counts, when it ended; 1970-01-01 for one that is open, so that those lie
-- together. `definition` is the version of the KPI under which it was found: cases of another are not read. A case that
-- moves to another day, or is none any more, is deleted by a row with a later version.
CREATE TABLE IF NOT EXISTS kpi_cases
(
    kpi           LowCardinality(String),
    definition    LowCardinality(String),
    day           Date,
    object_type   LowCardinality(String),
    object_id     String,
    case_id       String,
    started_at    DateTime64(6, 'UTC'),
    ended_at      Nullable(DateTime64(6, 'UTC')),
    value         Nullable(Float64),
    amount        Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    legal_entity  LowCardinality(String),
    region        LowCardinality(String),
    source        LowCardinality(String),
    segment       LowCardinality(String),
    version       UInt64,
    is_deleted    UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (kpi, definition, day, object_type, object_id, case_id)
SETTINGS index_granularity = 2048
