-- The objects of a type that an event of some types received in (after, through] names, or that are due by `through`
-- under a version of a rule on objects that are alike.
-- params: object_type String, event_types Array(String), rule_version String, after DateTime64(6, 'UTC'),
--   through DateTime64(6, 'UTC')
-- columns: object_id
SELECT DISTINCT object_id
FROM
(
    SELECT object_id FROM object_milestones
    WHERE object_type = {object_type:String}
        AND type IN {event_types:Array(String)}
        AND received_at > {after:DateTime64(6, 'UTC')}
        AND received_at <= {through:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT object_id FROM alike_duties FINAL
    WHERE rule_version = {rule_version:String} AND due_at <= {through:DateTime64(6, 'UTC')}
)
ORDER BY object_id
