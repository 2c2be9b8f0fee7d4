-- When the last change of an alert was recorded by an instant; 1970 where none was.
-- params: at DateTime64(6, 'UTC')
-- columns: last_at
SELECT max(recorded_at) AS last_at
FROM alert_transitions
WHERE recorded_at <= {at:DateTime64(6, 'UTC')}
