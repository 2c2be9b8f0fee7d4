-- The days before `today` on which cases of a KPI were written or deleted by the versions from `first` up to `last`.
-- params: kpi String, definition String, first UInt64, last UInt64, today Date
-- columns: day
SELECT DISTINCT day
FROM kpi_cases
WHERE kpi = {kpi:String} AND definition = {definition:String} AND day > toDate(0) AND day < {today:Date}
    AND version >= {first:UInt64} AND version <= {last:UInt64}
ORDER BY day
