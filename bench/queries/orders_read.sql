-- Every event on an order as a table of plain columns, as an export to an analyst would have it.
-- columns: order, type, at, amount, legal_entity, tier
SELECT
    object.id AS order,
    type,
    occurred_at AS at,
    toFloat64(amount) AS amount,
    legal_entity,
    attributes['tier'] AS tier
FROM events
ARRAY JOIN objects AS object
ORDER BY occurred_at, event_id
