-- The KPIs that were ever stated.
-- columns: kpi
SELECT DISTINCT toString(kpi) AS kpi FROM kpi_values ORDER BY kpi
