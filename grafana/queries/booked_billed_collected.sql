-- What was booked, billed and collected on each UTC day, in the reporting currency at the rates of the day, as last stated.
-- columns: time, what, amount
SELECT starts_at AS time, concat(kpi, ' ', stated.2) AS what, stated.1 AS amount
FROM
(
    SELECT starts_at, toString(kpi) AS kpi, argMax((value, toString(currency)), stated_at) AS stated
    FROM kpi_values
    WHERE $__timeFilter_ms(starts_at) AND legal_entity = '' AND kpi IN ('booked', 'billed', 'collected')
    GROUP BY starts_at, kpi
)
ORDER BY time, what
