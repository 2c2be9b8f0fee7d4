-- What stands of each rule: alerts by state, the oldest deadline of those that fire, and their amounts by currency.
-- columns: alert, currency, firing, at_risk, suspended, amount, alerts_without_amount, oldest_deadline
SELECT
    toString(alert) AS alert,
    ifNull(alerts.currency, '') AS currency,
    countIf(state = 'firing') AS firing,
    countIf(state = 'at_risk') AS at_risk,
    countIf(state = 'suspended') AS suspended,
    sumIf(alerts.amount, state = 'firing') AS amount,
    countIf(state = 'firing' AND isNull(alerts.amount)) AS alerts_without_amount,
    minIfOrNull(deadline_at, state = 'firing') AS oldest_deadline
FROM alerts
WHERE state IN ('firing', 'at_risk', 'suspended')
    AND $__conditionalAll(labels['legal_entity'] IN (${legal_entity:singlequote}), $legal_entity)
GROUP BY alert, currency
ORDER BY firing DESC, alert, currency
