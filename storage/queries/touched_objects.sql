-- How many objects of each type an arrival in (after, through] names or have a duty due by then, and every
-- `objects`-th of their ids in order. With `suspended` also those with an alert that is suspended, or was until a tick that
-- was cut off wrote what became of it: its version is beyond `after`.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), suspended Bool, after_version UInt64,
--   objects UInt64
-- columns: object_type, touched, every_nth_id
SELECT
    object_type,
    count() AS touched,
    arraySort(groupArrayIf(object_id, position % {objects:UInt64} = 0)) AS every_nth_id
FROM
(
    SELECT object_type, object_id, row_number() OVER (PARTITION BY object_type ORDER BY object_id) AS position
    FROM
    (
        SELECT object_type, object_id FROM object_milestones
        WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
        UNION DISTINCT
        SELECT object_type, object_id FROM open_duties FINAL
        WHERE due_at <= {through:DateTime64(6, 'UTC')}
        UNION DISTINCT
        SELECT object_type, object_id FROM alert_states FINAL
        WHERE {suspended:Bool} AND (state = 'suspended' OR version > {after_version:UInt64})
    )
)
GROUP BY object_type
