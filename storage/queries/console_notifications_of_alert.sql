-- The newest messages that told of an alert, and their fates.
-- params: alert_id String, since DateTime64(6, 'UTC'), limit UInt32
-- columns: notification_id, receiver, integration, reason, status, attempts, error, is_resolved, created_at, updated_at
SELECT
    notification_id, receiver, integration, reason, status, attempts, error,
    has(resolved, {alert_id:String}) AS is_resolved, created_at, updated_at
FROM notifications FINAL
WHERE created_at >= {since:DateTime64(6, 'UTC')}
    AND (has(resolved, {alert_id:String}) OR arrayExists(entry -> startsWith(entry, {alert_id:String}), firing))
ORDER BY created_at DESC, notification_id
LIMIT {limit:UInt32}
