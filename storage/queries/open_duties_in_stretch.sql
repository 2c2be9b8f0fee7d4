-- The open duties of a stretch of ids of one type, all of them or only those of touched objects: due by
-- `through` or named by an arrival in (after, through], with `suspended` also those of touched_objects.
-- params: object_type String, after_id String, last_id String, touched Bool, after DateTime64(6, 'UTC'),
--   through DateTime64(6, 'UTC'), suspended Bool, after_version UInt64
-- columns: object_id, due_at
SELECT object_id, due_at
FROM open_duties FINAL
WHERE object_type = {object_type:String}
    AND object_id > {after_id:String}
    AND ({last_id:String} = '' OR object_id <= {last_id:String})
    AND isNotNull(due_at)
    AND (
        NOT {touched:Bool}
        OR due_at <= {through:DateTime64(6, 'UTC')}
        OR object_id IN
        (
            SELECT object_id FROM object_milestones
            WHERE {touched:Bool} AND object_type = {object_type:String}
                AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
            UNION DISTINCT
            SELECT object_id FROM alert_states FINAL
            WHERE {suspended:Bool} AND object_type = {object_type:String}
                AND (state = 'suspended' OR version > {after_version:UInt64})
        )
    )
