-- What others query: what each KPI came to on each UTC day, for every legal entity and, under an empty one, for all, as it
-- was stated at `stated_at`. A day that late events change is stated again: its latest statement is what holds, and the
-- ones before stay. `value` is in the KPI's unit; of money it is in `currency`, and `unconverted` cases are not in it.
CREATE TABLE IF NOT EXISTS kpi_values
(
    kpi           LowCardinality(String),
    definition    LowCardinality(String),
    unit          LowCardinality(String),
    starts_at     DateTime64(6, 'UTC'),
    ends_at       DateTime64(6, 'UTC'),
    legal_entity  LowCardinality(String),
    value         Nullable(Decimal(38, 9)),
    currency      LowCardinality(String),
    cases         UInt64,
    unconverted   UInt64,
    stated_at     DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (kpi, definition, starts_at, legal_entity, stated_at)
