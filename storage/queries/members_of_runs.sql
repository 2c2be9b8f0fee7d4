-- The members of these runs, up to so many of each: correlation ids with an empty object type, then objects.
-- params: runs Array(UInt64), limit UInt64
-- columns: object_type, object_id, run, first_us
SELECT toString(object_type) AS object_type, object_id, run, first_us
FROM
(
    SELECT object_type, object_id, run, first_us
    FROM run_members FINAL
    WHERE (object_type, object_id) IN
    (
        SELECT object_type, object_id FROM run_contents WHERE run IN {runs:Array(UInt64)}
    )
)
WHERE run IN {runs:Array(UInt64)}
ORDER BY object_type, object_id
LIMIT {limit:UInt64} BY run
