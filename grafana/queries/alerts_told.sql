-- How many alerts fired and how many were resolved, by rule, at the instants when that was so.
-- columns: time, alert, fired, resolved
SELECT
    $__timeInterval_ms(changed_at) AS time,
    toString(alert) AS alert,
    countIf(state = 'firing') AS fired,
    countIf(state = 'resolved') AS resolved
FROM alert_history
WHERE $__timeFilter_ms(changed_at)
GROUP BY time, alert
ORDER BY time, alert
