-- The alerts that somebody has to hear of: those that fire, and those that were stored as over since then.
-- params: since DateTime64(6, 'UTC')
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids
SELECT *
FROM alerts
WHERE state = 'firing' OR (state IN ('resolved', 'retracted') AND recorded_at >= {since:DateTime64(6, 'UTC')})
ORDER BY changed_at, alert_id
