-- Objects of a type of which an event is there more than once: sent again past several doors, and not merged yet.
-- params: object_type String, limit UInt64
-- columns: object_id
SELECT object_id
FROM object_milestones
WHERE object_type = {object_type:String}
GROUP BY object_id
HAVING count() != uniqExact(cityHash64(source, event_id))
LIMIT {limit:UInt64}
SETTINGS optimize_aggregation_in_order = 1
