-- The run of each of these objects (type, id) that has one, and what it is called; a correlation id has an empty type.
-- params: members Array(Tuple(String, String))
-- columns: object_type, object_id, run, name_type, name_id, first_us
SELECT object_type, object_id, run, name_type, name_id, first_us
FROM
(
    SELECT toString(object_type) AS object_type, object_id, run
    FROM run_members FINAL
    WHERE (object_type, object_id) IN {members:Array(Tuple(String, String))}
) AS member
INNER JOIN
(
    SELECT run, toString(object_type) AS name_type, object_id AS name_id, first_us
    FROM run_names FINAL
    WHERE run IN
    (
        SELECT run FROM run_members WHERE (object_type, object_id) IN {members:Array(Tuple(String, String))}
    )
) AS named USING run
