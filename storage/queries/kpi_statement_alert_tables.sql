-- As kpi_statement_tables, of a statement that reads `alerts` as in keep_kpi_alert_cases.
-- fragments: cases
-- columns: explain
SELECT explain
FROM
(
    EXPLAIN QUERY TREE run_passes = 1
    WITH
        alerts AS
        (
            SELECT
                '' AS alert_id,
                CAST('', 'LowCardinality(String)') AS object_type,
                '' AS object_id,
                CAST('', 'LowCardinality(String)') AS alert,
                CAST('', 'LowCardinality(String)') AS state,
                CAST('', 'LowCardinality(String)') AS severity,
                toDateTime64(0, 6, 'UTC') AS started_at,
                toDateTime64(0, 6, 'UTC') AS deadline_at,
                CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS fired_at,
                CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS resolved_at,
                CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS detected_at,
                CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS acknowledged_at,
                CAST(NULL, 'Nullable(Decimal(38, 9))') AS amount,
                '' AS currency,
                CAST(map(), 'Map(LowCardinality(String), String)') AS labels,
                toDateTime64(0, 6, 'UTC') AS heard_since
            WHERE false
        )
    SELECT
        CAST(object_id, 'String'),
        CAST(case_id, 'String'),
        CAST(started_at, 'DateTime64(6, \'UTC\')'),
        CAST(ended_at, 'Nullable(DateTime64(6, \'UTC\'))'),
        CAST(value, 'Nullable(Float64)'),
        CAST(amount, 'Nullable(Decimal(38, 9))'),
        CAST(currency, 'String'),
        CAST(source, 'String')
    FROM (
        /*{cases}*/
    )
)
