-- How many alerts of some legal entities and regions (all when none is named) are open, per rule, state and currency.
-- params: entities Array(String), regions Array(String)
-- columns: alert, state, currency, alerts, alerts_without_amount, total_amount
SELECT alert, state, currency, count() AS alerts, countIf(isNull(amount)) AS alerts_without_amount,
    sum(amount) AS total_amount
FROM alerts
WHERE state IN ('firing', 'at_risk', 'suspended')
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, labels['region']))
GROUP BY alert, state, currency
ORDER BY alert, state, currency
