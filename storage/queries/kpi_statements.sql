-- What was stated last of a KPI on each day of [since, until) and legal entity, and how often it was stated.
-- params: kpi String, definition String, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC')
-- columns: starts_at, legal_entity, value, cases, unconverted, stated_at, statements, first_value
SELECT
    starts_at,
    toString(legal_entity) AS legal_entity,
    latest.1 AS value,
    latest.2 AS cases,
    latest.3 AS unconverted,
    latest.4 AS stated_at,
    statements,
    first.1 AS first_value
FROM
(
    SELECT
        starts_at,
        legal_entity,
        argMax(statement, at) AS latest,
        argMin(statement, at) AS first,
        uniqExact(at) AS statements
    FROM
    (
        SELECT starts_at, legal_entity, stated_at AS at, tuple(value, cases, unconverted, stated_at) AS statement
        FROM kpi_values
        WHERE kpi = {kpi:String} AND definition = {definition:String}
            AND starts_at >= {since:DateTime64(6, 'UTC')} AND starts_at < {until:DateTime64(6, 'UTC')}
    )
    GROUP BY starts_at, legal_entity
)
ORDER BY starts_at, legal_entity
