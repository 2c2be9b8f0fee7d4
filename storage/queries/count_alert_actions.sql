-- How many actions on alerts are stored: rows are only ever added, so the same number means that nobody did anything since.
-- columns: actions
SELECT count() AS actions
FROM alert_actions
