-- Days that late events changed after they had been stated: what they came to first, and what they came to since.
-- columns: day, kpi, legal_entity, first, latest, restated_at
SELECT
    starts_at AS day,
    toString(kpi) AS kpi,
    toString(legal_entity) AS legal_entity,
    argMin(tuple(value), stated_at).1 AS first,
    argMax(tuple(value), stated_at).1 AS latest,
    max(stated_at) AS restated_at
FROM kpi_values
WHERE $__timeFilter_ms(starts_at)
GROUP BY day, kpi, definition, legal_entity
HAVING count() > 1
ORDER BY restated_at DESC, day DESC, kpi, legal_entity
LIMIT 200
