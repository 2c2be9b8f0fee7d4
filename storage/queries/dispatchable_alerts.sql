-- The alerts that dispatch has to know of, as they stand: those that are open, and those that were stored as over since
-- then. Two narrow columns find who they may be, so that those that ended long ago are not read: at every tick.
-- params: since DateTime64(6, 'UTC')
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
        SELECT alert_id
        FROM alert_states
        WHERE state NOT IN ('resolved', 'retracted') OR recorded_at >= {since:DateTime64(6, 'UTC')}
    )
    ORDER BY version DESC
    LIMIT 1 BY alert_id
)
WHERE state NOT IN ('resolved', 'retracted') OR recorded_at >= {since:DateTime64(6, 'UTC')}
ORDER BY changed_at, alert_id
