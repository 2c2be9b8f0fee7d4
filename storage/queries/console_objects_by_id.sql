-- The business objects with an id, whatever their type.
-- params: object_id String
-- columns: object_type, object_id
SELECT DISTINCT toString(object_type) AS object_type, object_id
FROM object_milestones
WHERE object_id = {object_id:String}
ORDER BY object_type
LIMIT 20
