-- The days of [first, last] of which the cases of some KPIs are summed.
-- params: kpis Array(String), definitions Array(String), first Date, last Date
-- columns: kpi, definition, day
SELECT DISTINCT toString(kpi) AS kpi, toString(definition) AS definition, day
FROM kpi_days
WHERE kpi IN {kpis:Array(String)} AND definition IN {definitions:Array(String)} AND is_marker
    AND day >= {first:Date} AND day <= {last:Date}
ORDER BY kpi, definition, day
