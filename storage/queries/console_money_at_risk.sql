-- What the open alerts of some legal entities and regions (all when none is named) stand for, per state and currency. An
-- object counts once, in the gravest state it is in, however many alerts it has; an amount nobody stated is
-- counted, never added. A silent source is left out: the money behind it is that of the alerts it suspends.
-- params: entities Array(String), regions Array(String)
-- columns: state, currency, objects, objects_without_amount, amount
SELECT
    worst AS state, stated_currency AS currency, count() AS objects, countIf(isNull(stated_amount)) AS objects_without_amount,
    sum(stated_amount) AS amount
FROM
(
    SELECT
        multiIf(countIf(state = 'firing') > 0, 'firing', countIf(state = 'suspended') > 0, 'suspended', 'at_risk') AS worst,
        argMax(currency, (isNotNull(amount), changed_at)) AS stated_currency,
        argMax(tuple(amount), (isNotNull(amount), changed_at)).1 AS stated_amount
    FROM alerts
    WHERE state IN ('firing', 'at_risk', 'suspended') AND alert != 'SourceSilent'
        AND (empty({entities:Array(String)}) OR has({entities:Array(String)}, labels['legal_entity']))
        AND (empty({regions:Array(String)}) OR has({regions:Array(String)}, labels['region']))
    GROUP BY object_type, object_id
)
GROUP BY worst, stated_currency
ORDER BY state, amount DESC NULLS LAST
