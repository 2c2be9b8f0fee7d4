-- The alerts of an incident as they stand: those that are open first, then the longest overdue.
-- params: incident_id String, limit UInt32
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM
(
    SELECT *
    FROM alert_states
    PREWHERE alert_id IN
    (
        SELECT alert_id FROM incident_members FINAL WHERE incident_id = {incident_id:String} AND NOT has_left
    )
    ORDER BY version DESC
    LIMIT 1 BY alert_id
)
ORDER BY state IN ('resolved', 'retracted'), ifNull(fired_at, deadline_at), alert_id
LIMIT {limit:UInt32}
