-- What a receiver gave back for a conversation's first message, such as where Slack keeps it, so that a later
-- one can follow it or take its place.
ALTER TABLE notification_log ADD COLUMN IF NOT EXISTS receipt String
