-- How many milestones of a type of objects were received in (after, through].
-- params: object_type String, after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: arrived
SELECT count() AS arrived
FROM object_milestones
WHERE object_type = {object_type:String}
    AND received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
