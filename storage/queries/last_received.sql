-- When the newest stored event was received; the epoch where there is none.
-- columns: received_at
SELECT max(received_at) AS received_at FROM events
