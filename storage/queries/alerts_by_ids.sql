-- These alerts as they stand.
-- params: alert_ids Array(String)
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alerts
WHERE alert_id IN {alert_ids:Array(String)}
ORDER BY deadline_at, alert_id
