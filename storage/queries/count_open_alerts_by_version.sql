-- How many alerts are open, by rule and the version that raised them.
-- params: open_states Array(String)
-- columns: alert, rule_version, alerts
SELECT alert, rule_version, count() AS alerts
FROM alerts
WHERE state IN {open_states:Array(String)}
GROUP BY alert, rule_version
