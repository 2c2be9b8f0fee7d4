-- What stands of what was done with these alerts: the last assignment and mark of each, the last acknowledgement or snooze
-- unless it was taken back, and the last wish to escalate; of these none where the alert has ended since, or fired that
-- was only at risk then. A snooze that has ended stands, too.
-- params: alert_ids Array(String), ended_states Array(String)
-- columns: action_id, alert_id, alert, object_type, object_id, alert_version, has_fired, kind, value, acted_by, acted_at,
--   comment
WITH
    taken AS
    (
        SELECT *
        FROM alert_actions
        WHERE alert_id IN {alert_ids:Array(String)} AND kind != 'comment'
        ORDER BY acted_at, alert_id
        LIMIT 1 BY action_id
    ),
    latest AS
    (
        SELECT *
        FROM taken
        ORDER BY acted_at DESC, action_id DESC
        LIMIT 1 BY alert_id, if(kind IN ('unacknowledge', 'snooze'), 'acknowledge', kind)
    )
SELECT
    action_id, alert_id, alert, object_type, object_id, alert_version, has_fired, kind, value, acted_by, acted_at, comment
FROM latest
LEFT JOIN
(
    SELECT
        alert_id,
        maxIf(version, state != 'firing') AS ended_version,
        maxIf(version, state = 'firing') AS fired_version
    FROM alert_transitions
    WHERE (object_type, object_id) IN (SELECT object_type, object_id FROM latest WHERE kind IN ('acknowledge', 'snooze', 'escalate'))
        AND (state = 'firing' OR state IN {ended_states:Array(String)})
    GROUP BY alert_id
) AS ended USING (alert_id)
WHERE kind IN ('assign', 'mark') OR (
    kind IN ('acknowledge', 'snooze', 'escalate')
    AND ended_version <= alert_version AND (has_fired OR fired_version <= alert_version)
)
ORDER BY alert_id, kind
