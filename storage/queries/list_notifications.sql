-- The newest notifications and their fates, without their bodies.
-- params: limit UInt32
-- columns: notification_id, receiver, integration, group_key, group_labels, reason, status, attempts, error,
-- firing, resolved, created_at, updated_at
SELECT
    notification_id,
    receiver,
    integration,
    group_key,
    group_labels,
    reason,
    status,
    attempts,
    error,
    firing,
    resolved,
    created_at,
    updated_at
FROM notifications FINAL
ORDER BY created_at DESC, notification_id
LIMIT {limit:UInt32}
