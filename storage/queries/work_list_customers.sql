-- The customer that the events of each of these objects (type, id) name, the one named last, with the name given for it.
-- params: objects Array(Tuple(String, String)), hubs Array(String)
-- columns: object_type, object_id, customer, customer_name
SELECT
    toString(milestones.object_type) AS object_type,
    milestones.object_id AS object_id,
    argMaxIf(named.customer, (occurred_at, milestones.event_id), named.customer != '') AS customer,
    argMaxIf(milestones.attributes['customer'], (occurred_at, milestones.event_id), milestones.attributes['customer'] != '') AS customer_name
FROM object_milestones AS milestones
LEFT JOIN
(
    SELECT source, event_id, arrayFirst(object -> has({hubs:Array(String)}, object.type), objects).id AS customer
    FROM
    (
        SELECT source, event_id, objects
        FROM events
        WHERE (source, event_id) IN
        (
            SELECT source, event_id FROM object_milestones
            WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
        )
        ORDER BY source, event_id, received_at
        LIMIT 1 BY source, event_id
    )
    WHERE arrayExists(object -> has({hubs:Array(String)}, object.type), objects)
) AS named ON named.source = milestones.source AND named.event_id = milestones.event_id
WHERE (milestones.object_type, milestones.object_id) IN {objects:Array(Tuple(String, String))}
GROUP BY object_type, object_id
ORDER BY object_type, object_id
