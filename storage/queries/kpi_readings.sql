-- What a KPI came to at the full hours in (after, through], as it was known then, in order; of money only what is in `currency`.
-- params: kpi String, dimension String, window_seconds UInt32, currency String,
--   after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: at, labels, figures, reasons, rest, rest_reason, types
SELECT at, labels, figures, reasons, rest, rest_reason, types
FROM kpi_readings FINAL
WHERE kpi = {kpi:String} AND dimension = {dimension:String} AND window_seconds = {window_seconds:UInt32}
    AND currency = {currency:String}
    AND at > {after:DateTime64(6, 'UTC')} AND at <= {through:DateTime64(6, 'UTC')}
ORDER BY at
