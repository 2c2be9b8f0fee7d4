-- What a statement that finds cases reads, as a tree in lines; an error where it does not give the columns of a case. It
-- reads `milestones` as in keep_kpi_cases, without a row, and is not run.
-- fragments: cases
-- columns: explain
SELECT explain
FROM
(
    EXPLAIN QUERY TREE run_passes = 1
    WITH
        CAST([], 'Array(String)') AS from_types,
        CAST([], 'Array(String)') AS to_types,
        CAST([], 'Array(String)') AS unless_types,
        milestones AS
        (
            SELECT
                '' AS object_id,
                CAST('', 'LowCardinality(String)') AS type,
                toDateTime64(0, 6, 'UTC') AS occurred_at,
                toDateTime64(0, 6, 'UTC') AS received_at,
                CAST('', 'LowCardinality(String)') AS source,
                '' AS event_id,
                CAST(NULL, 'Nullable(Decimal(38, 9))') AS amount,
                CAST('', 'LowCardinality(String)') AS currency,
                CAST('', 'LowCardinality(String)') AS legal_entity,
                CAST('', 'LowCardinality(String)') AS region,
                CAST(map(), 'Map(LowCardinality(String), String)') AS attributes
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
