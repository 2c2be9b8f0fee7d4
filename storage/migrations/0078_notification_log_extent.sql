-- How much waited behind an incident when it was last told, as JSON: a message about more follows from it, also after a restart.
ALTER TABLE notification_log ADD COLUMN IF NOT EXISTS extent String
