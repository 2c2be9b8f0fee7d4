-- The open alerts that somebody acknowledged or assigned at any time.
-- params: open_states Array(String)
-- columns: alert_id
SELECT DISTINCT alert_id
FROM alert_actions
WHERE kind IN ('acknowledge', 'assign')
    AND alert_id IN (SELECT alert_id FROM alerts WHERE state IN {open_states:Array(String)})
ORDER BY alert_id
