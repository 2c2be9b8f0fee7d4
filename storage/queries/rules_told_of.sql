-- The rules of whose alerts something was recorded in (after, through].
-- params: after DateTime64(6, 'UTC'), through DateTime64(6, 'UTC')
-- columns: alert
SELECT DISTINCT toString(alert) AS alert
FROM alert_transitions
WHERE recorded_at > {after:DateTime64(6, 'UTC')} AND recorded_at <= {through:DateTime64(6, 'UTC')}
