-- The changes of alerts that became known last, of one rule's alerts and of one object, where these are not empty.
-- params: alert String, object_type String, object_id String, since DateTime64(6, 'UTC'),
--   until DateTime64(6, 'UTC'), limit UInt64
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence, known_at
SELECT *
FROM alert_history
WHERE ({alert:String} = '' OR alert = {alert:String})
    AND ({object_type:String} = '' OR (object_type = {object_type:String} AND object_id = {object_id:String}))
    AND known_at >= {since:DateTime64(6, 'UTC')}
    AND known_at < {until:DateTime64(6, 'UTC')}
ORDER BY version DESC, alert_id, changed_at DESC
LIMIT {limit:UInt64}
