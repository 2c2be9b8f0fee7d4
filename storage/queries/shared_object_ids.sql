-- Object ids that objects of more than one type have.
-- columns: object_id
SELECT object.id AS object_id
FROM events
ARRAY JOIN objects AS object
GROUP BY object_id
HAVING uniqExact(object.type) > 1
ORDER BY object_id
