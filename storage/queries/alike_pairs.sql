-- The pairs of objects, one of them one of some, that share a key known by an instant, with the keys. Of a key only the
-- first `holders` objects count: which these are never changes, whenever it is asked.
-- params: rule_version String, keys Array(UInt64), object_ids Array(String), through DateTime64(6, 'UTC'),
--   holders UInt64
-- columns: one, other, shared
WITH held AS
(
    SELECT key, object_id
    FROM
    (
        SELECT key, object_id, min(known_at) AS since
        FROM alike_keys
        WHERE rule_version = {rule_version:String}
            AND key IN {keys:Array(UInt64)}
            AND known_at <= {through:DateTime64(6, 'UTC')}
        GROUP BY key, object_id
    )
    ORDER BY key, since, object_id
    LIMIT {holders:UInt64} BY key
)
SELECT
    least(mine.object_id, theirs.object_id) AS one,
    greatest(mine.object_id, theirs.object_id) AS other,
    arraySort(groupUniqArray(mine.key)) AS shared
FROM (SELECT key, object_id FROM held WHERE object_id IN {object_ids:Array(String)}) AS mine
INNER JOIN held AS theirs ON mine.key = theirs.key
WHERE mine.object_id != theirs.object_id
GROUP BY one, other
ORDER BY one, other
