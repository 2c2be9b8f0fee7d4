-- The last mark of every alert of these rules that has one.
-- params: alerts Array(String)
-- columns: alert_id, mark
SELECT alert_id, argMax(value, (acted_at, action_id)) AS mark
FROM
(
    SELECT alert_id, value, acted_at, action_id
    FROM alert_actions
    WHERE kind = 'mark' AND alert IN {alerts:Array(String)}
    ORDER BY acted_at, alert_id
    LIMIT 1 BY action_id
)
GROUP BY alert_id
