-- What was done with these alerts, by alert and in order.
-- params: alert_ids Array(String)
-- columns: action_id, alert_id, alert, object_type, object_id, alert_version, has_fired, kind, value, acted_by, acted_at,
--   comment
SELECT
    action_id, alert_id, alert, object_type, object_id, alert_version, has_fired, kind, value, acted_by, acted_at, comment
FROM alert_actions
WHERE alert_id IN {alert_ids:Array(String)}
ORDER BY alert_id, acted_at, action_id
LIMIT 1 BY action_id
