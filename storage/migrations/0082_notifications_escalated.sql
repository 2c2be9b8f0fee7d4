-- The escalation step that a message tells, as in notification_log: a message that is taken up after a restart still says so.
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS escalated_us UInt64
