-- How many objects of some rules were late, or are, as their alerts say whose deadline is in [since, until): those that
-- fired and were not retracted; `waiting` of them are open still.
-- params: rules Array(String), since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC'), entities Array(String),
--   regions Array(String)
-- columns: alert, late, waiting
SELECT
    toString(alert) AS alert,
    count() AS late,
    countIf(state = 'firing') AS waiting
FROM alerts
WHERE has({rules:Array(String)}, alert)
    AND isNotNull(fired_at) AND state != 'retracted'
    AND deadline_at >= {since:DateTime64(6, 'UTC')} AND deadline_at < {until:DateTime64(6, 'UTC')}
    AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
    AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, labels['region']))
GROUP BY alert
ORDER BY alert
