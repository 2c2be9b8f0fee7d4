-- Removes the milestones of rows of events that another collector took first; the objects are those that the rows name.
-- params: objects Array(Tuple(String, String)), rows Array(Tuple(String, String, Int64))
DELETE FROM object_milestones
WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
    AND (source, event_id, toUnixTimestamp64Micro(received_at)) IN {rows:Array(Tuple(String, String, Int64))}
