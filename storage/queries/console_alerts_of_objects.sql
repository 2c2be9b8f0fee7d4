-- Every alert, open or past, of these objects (type, id), and when each was first seen at risk.
-- params: objects Array(Tuple(String, String))
-- columns: alert_id, alert, object_type, object_id, state, started_at, deadline_at, fired_at, resolved_at, severity,
--     amount, currency, correlation_id, reason, changed_at, annotations, trace_ids, at_risk_at,
--     rule_group, rule_version, evidence
SELECT
    alert_id, alert, object_type, object_id, state, started_at, deadline_at, fired_at, resolved_at, severity, amount,
    currency, correlation_id, reason, changed_at, annotations, trace_ids, at_risk_at,
    rule_group, rule_version, evidence
FROM alerts
LEFT JOIN
(
    SELECT alert_id, min(toNullable(changed_at)) AS at_risk_at
    FROM alert_transitions
    WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))} AND state = 'at_risk'
    GROUP BY alert_id
) AS seen USING alert_id
WHERE (object_type, object_id) IN {objects:Array(Tuple(String, String))}
ORDER BY started_at, alert, object_type, object_id, alert_id
