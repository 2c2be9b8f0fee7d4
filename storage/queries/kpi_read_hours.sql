-- From when until when there are readings of KPIs, by KPI, dimension and window.
-- params:
-- columns: kpi, dimension, window_seconds, first_at, last_at
SELECT toString(kpi) AS kpi, toString(dimension) AS dimension, window_seconds, min(at) AS first_at, max(at) AS last_at
FROM kpi_readings
GROUP BY kpi, dimension, window_seconds
ORDER BY kpi, dimension, window_seconds
