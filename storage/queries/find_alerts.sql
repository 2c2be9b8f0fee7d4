-- The alerts, as they stand, whose id begins so; two are enough to know that the beginning names more than one.
-- params: beginning String
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alerts
WHERE startsWith(alert_id, {beginning:String})
ORDER BY alert_id
LIMIT 2
