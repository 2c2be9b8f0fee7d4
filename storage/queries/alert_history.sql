-- Every change of one alert, in the order they became known.
-- params: alert_id String
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alert_transitions FINAL
WHERE alert_id = {alert_id:String}
ORDER BY version, changed_at
