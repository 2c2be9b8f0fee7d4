-- What became of an event that a vendor told, if it was told before.
-- params: channel String, event_id String
-- columns: outcome, alerts
SELECT outcome, alerts
FROM inbound_actions FINAL
WHERE channel = {channel:String} AND event_id = {event_id:String}
