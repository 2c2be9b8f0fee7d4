-- The alerts that changed last, as they stand, in any of the states.
-- params: states Array(String), limit UInt64
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alerts
WHERE state IN {states:Array(String)}
ORDER BY changed_at DESC, alert_id
LIMIT {limit:UInt64}
