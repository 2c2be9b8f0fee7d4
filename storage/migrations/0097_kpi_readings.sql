-- What KPIs came to over a window of time at each full hour, as it was known then, for rules that watch them: one row for
-- each KPI, dimension, window and hour, written once and never changed. `figures` are those of `labels`, the values of the
-- dimension (without one there is one, empty), and `rest` is that of all other labels. A figure that is unknown has a reason
-- instead. They are in the KPI's unit, of money in `currency`, and follow from events of `types`.
CREATE TABLE IF NOT EXISTS kpi_readings
(
    kpi             LowCardinality(String),
    dimension       LowCardinality(String),
    window_seconds  UInt32,
    at              DateTime64(6, 'UTC'),
    definition      LowCardinality(String),
    currency        LowCardinality(String),
    labels          Array(String),
    figures         Array(Nullable(Decimal(38, 9))),
    reasons         Array(String),
    rest            Nullable(Decimal(38, 9)),
    rest_reason     String,
    types           Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree
ORDER BY (kpi, dimension, window_seconds, at)
