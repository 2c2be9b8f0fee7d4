-- As kpi_statement_tables, of a statement that reads `duties` as in keep_kpi_duty_cases.
-- fragments: cases
-- columns: explain
SELECT explain
FROM
(
    EXPLAIN QUERY TREE run_passes = 1
    WITH
        duties AS
        (
            SELECT
                '' AS object_id,
                '' AS duty_id,
                toDateTime64(0, 6, 'UTC') AS started_at,
                CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS met_at,
                CAST(NULL, 'Nullable(DateTime64(6, \'UTC\'))') AS broken_at,
                CAST(NULL, 'Nullable(Decimal(38, 9))') AS amount,
                CAST('', 'LowCardinality(String)') AS currency,
                CAST('', 'LowCardinality(String)') AS source
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
