-- Object ids that objects of more than one type have, in events and in what files say of objects.
-- columns: object_id
SELECT object_id
FROM
(
    SELECT toString(object.type) AS object_type, object.id AS object_id
    FROM events
    ARRAY JOIN objects AS object
    UNION ALL
    SELECT toString(object_type) AS object_type, object_id
    FROM object_statements
    UNION ALL
    SELECT link.type AS object_type, link.id AS object_id
    FROM object_statements
    ARRAY JOIN links AS link
)
GROUP BY object_id
HAVING uniqExact(object_type) > 1
ORDER BY object_id
