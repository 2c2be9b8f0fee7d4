-- Of what came too late: how long after its deadline, by rule; and what came too late and is still awaited.
-- columns: alert, resolved, p50_seconds, p90_seconds, longest_seconds, still_late
SELECT
    toString(alert) AS alert,
    countIf(state = 'resolved') AS resolved,
    quantileExactIf(0.5)(late_us / 1e6, state = 'resolved') AS p50_seconds,
    quantileExactIf(0.9)(late_us / 1e6, state = 'resolved') AS p90_seconds,
    max(late_us) / 1e6 AS longest_seconds,
    countIf(state = 'firing') AS still_late
FROM
(
    SELECT
        alert,
        state,
        dateDiff('microsecond', deadline_at, ifNull(resolved_at, $__toTime_ms)) AS late_us
    FROM alerts
    WHERE isNotNull(fired_at) AND state IN ('firing', 'resolved') AND $__timeFilter_ms(fired_at)
        AND $__conditionalAll(labels['legal_entity'] IN (${legal_entity:singlequote}), $legal_entity)
)
GROUP BY alert
ORDER BY still_late DESC, resolved DESC, alert
