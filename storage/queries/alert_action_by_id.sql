-- The action of an id, where it was taken.
-- params: action_id String
-- columns: action_id, alert_id, alert, object_type, object_id, alert_version, has_fired, kind, value, acted_by, acted_at,
--   comment
SELECT
    action_id, alert_id, alert, object_type, object_id, alert_version, has_fired, kind, value, acted_by, acted_at, comment
FROM alert_actions
WHERE action_id = {action_id:String}
ORDER BY acted_at, alert_id
LIMIT 1
