-- How many members each of these runs has or had, and what it is called.
-- params: runs Array(UInt64)
-- columns: run, members, object_type, object_id, first_us
SELECT run, members, object_type, object_id, first_us
FROM
(
    SELECT run, toString(object_type) AS object_type, object_id, first_us
    FROM run_names FINAL
    WHERE run IN {runs:Array(UInt64)}
) AS named
INNER JOIN
(
    SELECT run, count() AS members
    FROM run_contents
    WHERE run IN {runs:Array(UInt64)}
    GROUP BY run
) AS sized USING run
