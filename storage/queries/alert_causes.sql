-- What telemetry says of why these alerts stand; one that nothing is known of has no row.
-- params: alert_ids Array(String)
-- columns: alert_id, kind, service, operation, error, signature, seen_at, recorded_at, spans, last_hop, failures,
--   failed_calls, dead_letter, pattern
SELECT *
FROM alert_causes FINAL
WHERE alert_id IN {alert_ids:Array(String)}
