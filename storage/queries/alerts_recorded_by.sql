-- The alerts as they stood once all was recorded up to an instant: those that were open then, and those whose last change was
-- recorded after another. Narrow columns find them among all of history.
-- params: since DateTime64(6, 'UTC'), through DateTime64(6, 'UTC'), ended_states Array(String)
-- columns: object_type, object_id, alert_id, alert, state, started_at, deadline_at, fired_at, resolved_at, severity,
--   amount, currency, correlation_id, reason, changed_at, recorded_at, version, rule_group, rule_version, labels,
--   annotations, trace_ids, evidence
SELECT *
FROM alert_transitions
PREWHERE (alert_id, version) IN
(
    SELECT alert_id, max(version) AS newest
    FROM alert_transitions
    WHERE recorded_at <= {through:DateTime64(6, 'UTC')}
    GROUP BY alert_id
    HAVING argMax(state, version) NOT IN {ended_states:Array(String)}
        OR argMax(recorded_at, version) > {since:DateTime64(6, 'UTC')}
)
ORDER BY alert_id, version
LIMIT 1 BY alert_id
