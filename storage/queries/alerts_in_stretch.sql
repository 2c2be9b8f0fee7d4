-- The alerts, as they stand, of a stretch of ids of one object type.
-- params: object_type String, after_id String, last_id String
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alerts
WHERE object_type = {object_type:String}
    AND object_id > {after_id:String}
    AND ({last_id:String} = '' OR object_id <= {last_id:String})
