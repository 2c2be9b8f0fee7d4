-- How each rule does: what stands of it, when it fired last, and of what fired and ended since an instant how much was
-- noise: retracted, or marked as noise and not as useful since.
-- params: since DateTime64(6, 'UTC')
-- columns: alert, firing, at_risk, suspended, last_fired_at, ended, noise
SELECT
    alert,
    countIf(state = 'firing') AS firing,
    countIf(state = 'at_risk') AS at_risk,
    countIf(state = 'suspended') AS suspended,
    max(fired_at) AS last_fired_at,
    countIf(is_over) AS ended,
    countIf(is_over AND (state = 'retracted' OR mark = 'noise')) AS noise
FROM
(
    SELECT
        alert_id, alert, state, fired_at,
        isNotNull(fired_at) AND state IN ('resolved', 'retracted') AND changed_at >= {since:DateTime64(6, 'UTC')} AS is_over
    FROM alerts
) AS judged
LEFT JOIN
(
    SELECT alert_id, argMax(value, (acted_at, action_id)) AS mark
    FROM alert_actions
    WHERE kind = 'mark'
    GROUP BY alert_id
) AS handled USING (alert_id)
GROUP BY alert
ORDER BY alert
