-- How much waits behind the incident that a message tells of, as JSON, so that its delivery after a restart notes it too.
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS extent String
