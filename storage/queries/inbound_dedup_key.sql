-- The dedup key of a vendor's incident, as an event about it told last.
-- params: channel String, incident_id String
-- columns: dedup_key
SELECT dedup_key
FROM inbound_actions
WHERE channel = {channel:String} AND incident_id = {incident_id:String} AND dedup_key != ''
ORDER BY told_at DESC, event_id
LIMIT 1
