-- The alerts of one rule on objects of one type, as they stand.
-- params: alert String, object_type String
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alerts
WHERE object_type = {object_type:String} AND alert = {alert:String}
