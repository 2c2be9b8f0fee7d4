-- What arrived over a hop in [since, until), by legal entity and currency. An object counts once, at what the last event
-- that states an amount says.
-- params: from_service String, to_service String, since DateTime64(6, 'UTC'), until DateTime64(6, 'UTC')
-- columns: legal_entity, currency, objects, unknown, amount
SELECT
    entity AS legal_entity, if(isNull(stated), '', stated_in) AS currency,
    count() AS objects, countIf(currency = '') AS unknown, sumIf(stated, currency != '') AS amount
FROM
(
    SELECT
        argMaxIf(amount, occurred_at, isNotNull(amount)) AS stated,
        argMaxIf(toString(currency), occurred_at, isNotNull(amount)) AS stated_in,
        argMaxIf(toString(legal_entity), occurred_at, legal_entity != '') AS entity
    FROM hop_arrivals
    WHERE (object_type, type) IN
        (
            SELECT object_type, type
            FROM hop_milestones
            WHERE from_service = {from_service:String} AND to_service = {to_service:String}
        )
        AND occurred_at >= {since:DateTime64(6, 'UTC')} AND occurred_at < {until:DateTime64(6, 'UTC')}
    GROUP BY object_type, object_id
)
GROUP BY legal_entity, currency
ORDER BY legal_entity, currency
