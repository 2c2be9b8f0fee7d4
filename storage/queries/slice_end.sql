-- The instant of receipt up to which some `events` of those received in (after, through] are; no row where there are
-- fewer. All events of a group commit share one instant, so a slice may hold some more.
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), events UInt64
-- columns: received_at
SELECT received_at
FROM events
WHERE received_at > {after:DateTime64(6, 'UTC')} AND received_at <= {through:DateTime64(6, 'UTC')}
ORDER BY received_at
LIMIT 1 OFFSET {events:UInt64}
