-- The firing alerts that somebody accepted, with the facts that were accepted last of each.
-- columns: alert_id, accepted, reason, evidence, acted_by, acted_at, comment
SELECT
    actions.alert_id AS alert_id,
    argMax(value, (actions.acted_at, action_id)) AS accepted,
    any(alerts.reason) AS reason,
    any(alerts.evidence) AS evidence,
    argMax(acted_by, (actions.acted_at, action_id)) AS acted_by,
    max(actions.acted_at) AS acted_at,
    argMax(comment, (actions.acted_at, action_id)) AS comment
FROM alert_actions AS actions
INNER JOIN (SELECT alert_id, reason, evidence FROM alerts WHERE state = 'firing') AS alerts ON alerts.alert_id = actions.alert_id
WHERE kind = 'accept'
GROUP BY alert_id
ORDER BY alert_id
