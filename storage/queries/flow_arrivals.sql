-- How many milestones were received in (after, through].
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: arrived
SELECT count() AS arrived
FROM object_milestones
WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
