-- The days of [first, last] of which the cases of a KPI are summed.
-- params: kpi String, definition String, first Date, last Date
-- columns: day
SELECT DISTINCT day
FROM kpi_days
WHERE kpi = {kpi:String} AND definition = {definition:String} AND is_marker
    AND day >= {first:Date} AND day <= {last:Date}
ORDER BY day
