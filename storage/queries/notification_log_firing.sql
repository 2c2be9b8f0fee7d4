-- What each integration was last told about each group, where it was last told that something is firing.
-- A group told to be quiet needs no entry: it is as if nobody had ever been told.
-- columns: receiver, integration, group_key, firing, resolved, sent_at, version, receipt, extent, escalated_us
SELECT receiver, integration, group_key, firing, resolved, sent_at, version, receipt, extent, escalated_us
FROM notification_log FINAL
WHERE notEmpty(firing)
