-- The kinds of events that arrive over some hop.
-- columns: object_type, type
SELECT DISTINCT toString(object_type) AS object_type, toString(type) AS type
FROM hop_milestones
ORDER BY object_type, type
