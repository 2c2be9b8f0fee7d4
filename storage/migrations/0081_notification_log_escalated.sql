-- The escalation step that was last told in a conversation, by the instant at which it was reached (microseconds); 0 where
-- none was.
ALTER TABLE notification_log ADD COLUMN IF NOT EXISTS escalated_us UInt64
