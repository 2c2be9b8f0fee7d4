-- How many alerts of some legal entities (all when none is named) are open, per rule, state and currency.
-- params: entities Array(String)
-- columns: alert, state, currency, alerts, amount, alerts_without_amount
SELECT alert, state, currency, count() AS alerts, sum(amount) AS amount, countIf(isNull(amount)) AS alerts_without_amount
FROM alerts
WHERE state IN ('firing', 'at_risk', 'suspended')
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
GROUP BY alert, state, currency
ORDER BY alert, state, currency
