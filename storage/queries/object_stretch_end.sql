-- The id at which a stretch of about `rows` milestones, of the objects that follow `after_id`, ends; no row
-- where fewer are left.
-- params: object_type String, after_id String, rows UInt64
-- columns: object_id
SELECT object_id
FROM object_milestones
WHERE object_type = {object_type:String} AND object_id > {after_id:String}
ORDER BY object_type, object_id
LIMIT 1 OFFSET {rows:UInt64}
