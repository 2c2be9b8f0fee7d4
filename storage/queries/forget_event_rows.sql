-- Removes rows of events that another collector took first: each by its identity and when it was received.
-- params: identities Array(Tuple(String, String)), rows Array(Tuple(String, String, Int64))
DELETE FROM events
WHERE (source, event_id) IN {identities:Array(Tuple(String, String))}
    AND (source, event_id, toUnixTimestamp64Micro(received_at)) IN {rows:Array(Tuple(String, String, Int64))}
