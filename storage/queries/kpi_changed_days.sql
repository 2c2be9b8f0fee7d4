-- The days before `today` on which cases of a KPI were written or deleted by these versions.
-- params: kpi String, definition String, versions Array(UInt64), today Date
-- columns: day
SELECT DISTINCT day
FROM kpi_cases
WHERE kpi = {kpi:String} AND definition = {definition:String} AND day > toDate(0) AND day < {today:Date}
    AND version IN {versions:Array(UInt64)}
ORDER BY day
