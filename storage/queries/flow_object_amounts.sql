-- The latest amount that an event stated of each of these objects of a type, with its currency.
-- params: object_type String, object_ids Array(String)
-- columns: object_id, amount, currency
SELECT
    object_id,
    argMax(stated.amount, (occurred_at, source, event_id)) AS amount,
    toString(argMax(stated.currency, (occurred_at, source, event_id))) AS currency
FROM object_milestones AS stated
WHERE object_type = {object_type:String} AND object_id IN {object_ids:Array(String)} AND isNotNull(stated.amount)
GROUP BY object_id
ORDER BY object_id
