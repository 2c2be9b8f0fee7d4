-- The error without what differs from case to case, also where the cause is a message; empty in rows from before.
ALTER TABLE alert_causes ADD COLUMN IF NOT EXISTS pattern String
