-- Messages that were on their way when they were last written: their receivers may or may not have them.
-- columns: notification_id, receiver, integration, group_key, group_labels, reason, attempts, error, firing,
-- resolved, body, created_at, updated_at, extent, escalated_us, epoch
SELECT
    notification_id,
    receiver,
    integration,
    group_key,
    group_labels,
    reason,
    attempts,
    error,
    firing,
    resolved,
    body,
    created_at,
    updated_at,
    extent,
    escalated_us,
    epoch
FROM notifications FINAL
WHERE status = 'sending'
ORDER BY created_at, notification_id
