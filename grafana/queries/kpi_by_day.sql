-- What a KPI came to on each UTC day, as it was last stated: what `milepost kpi days` shows.
-- columns: time, kpi, value
SELECT starts_at AS time, kpi, argMax(tuple(value), stated_at).1 AS value
FROM
(
    SELECT toString(kpi) AS kpi, definition, starts_at, tuple(value) AS value, stated_at
    FROM kpi_values
    WHERE $__timeFilter_ms(starts_at) AND legal_entity = '' AND kpi IN (${kpi:singlequote})
)
GROUP BY time, kpi
ORDER BY time, kpi
