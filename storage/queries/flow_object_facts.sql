-- What events stated last of each of these objects of a type: its amount with its currency, its legal entity and its region.
-- params: object_type String, object_ids Array(String)
-- columns: object_id, amount, currency, legal_entity, region
SELECT
    object_id,
    argMaxIf(stated.amount, (occurred_at, source, event_id), isNotNull(stated.amount)) AS amount,
    toString(argMaxIf(stated.currency, (occurred_at, source, event_id), isNotNull(stated.amount))) AS currency,
    toString(argMaxIf(stated.legal_entity, (occurred_at, source, event_id), stated.legal_entity != '')) AS legal_entity,
    toString(argMaxIf(stated.region, (occurred_at, source, event_id), stated.region != '')) AS region
FROM object_milestones AS stated
WHERE object_type = {object_type:String} AND object_id IN {object_ids:Array(String)}
GROUP BY object_id
ORDER BY object_id
