-- What the open alerts of some legal entities (all when none is named) stand for, per state and currency. An
-- object counts once, in the gravest state it is in, however many alerts it has; an amount nobody stated is
-- counted, never added.
-- params: entities Array(String)
-- columns: state, currency, objects, objects_without_amount, amount
SELECT state, currency, count() AS objects, countIf(isNull(object_amount)) AS objects_without_amount, sum(object_amount) AS amount
FROM
(
    SELECT
        multiIf(countIf(state = 'firing') > 0, 'firing', countIf(state = 'suspended') > 0, 'suspended', 'at_risk') AS state,
        argMax(currency, (isNotNull(amount), changed_at)) AS currency,
        argMax(tuple(amount), (isNotNull(amount), changed_at)).1 AS object_amount
    FROM alerts
    WHERE state IN ('firing', 'at_risk', 'suspended')
        AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
    GROUP BY object_type, object_id
)
GROUP BY state, currency
ORDER BY state, amount DESC NULLS LAST
